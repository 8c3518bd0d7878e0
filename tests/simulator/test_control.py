"""Redirect, Reject, Hangup and Leave: the verbs that end a document."""

import pytest
from tests.simulator.cases import play, requests, response, trace, warned

from ivrkit.simulator import Assumptions, Press

ENDED = "ended no-more-verbs completed"


def after_first(call):
    """Return the trace of a call after its first request."""
    return [line for line in trace(call)[1:] if line]


CASES = [
    pytest.param(
        "<Redirect>/next</Redirect><Say>Never.</Say>", ["redirect POST /next", "hears Next.", ENDED], id="Redirect"
    ),
    pytest.param(
        "<Redirect>\n  next \n</Redirect>",
        ["redirect POST /next", "hears Next.", ENDED],
        id="Redirect-relative-and-trimmed",
    ),
    pytest.param(
        '<Redirect method="GET">/next</Redirect>', ["redirect GET /next", "hears Next.", ENDED], id="Redirect.method"
    ),
    pytest.param("<Say>One.</Say><Hangup/><Say>Never.</Say>", ["hears One.", "ended hangup completed"], id="Hangup"),
    pytest.param("<Hangup/>", ["ended hangup completed"], id="Hangup-first-still-answers"),
    pytest.param("", [ENDED], id="nothing-answers-and-hangs-up"),
    pytest.param("<Reject/><Say>Never.</Say>", ["ended rejected no-answer"], id="Reject"),
    pytest.param('<Reject reason="rejected"/>', ["ended rejected no-answer"], id="Reject.reason-rejected"),
    pytest.param('<Reject reason="busy"/>', ["ended rejected busy"], id="Reject.reason-busy"),
    pytest.param("<Say>One.</Say><Reject/>", ["hears One.", "ended hangup completed"], id="Reject-too-late"),
    pytest.param(
        "<Leave/><Say>After.</Say>",
        ["warning 12200: <Leave> can't be played in this call and is skipped", "hears After.", ENDED],
        id="Leave-outside-of-a-queue",
    ),
]


@pytest.mark.parametrize(("twiml", "lines"), CASES)
def test_the_verbs_after_the_end_of_a_document_are_not_played(twiml, lines):
    """The verbs after a Redirect, Reject, Hangup or Leave are not played."""
    assert after_first(play(twiml)) == lines


@pytest.mark.parametrize(
    ("twiml", "answered", "minutes"),
    [("<Reject/>", False, 0), ("<Hangup/>", True, 1), ("", True, 1), ("<Redirect>/next</Redirect>", True, 1)],
)
def test_a_rejected_call_is_never_answered_and_never_billed(twiml, answered, minutes):
    """Only a Reject leaves a call unanswered and free; any other document answers and costs at least a minute."""
    call = play(twiml)
    assert ("answered" in [each.name for each in call.events]) is answered
    assert call.ended.billed_minutes == minutes


def test_digits_are_not_sent_with_a_redirect():
    """The request of a Redirect carries the usual parameters only, without Digits."""
    documents = {"/pressed": response("<Redirect>/next</Redirect>")}
    call = play('<Gather action="/pressed" numDigits="1"/>', Press("1"), documents=documents)
    (request,) = requests(call, "redirect")
    assert "Digits" not in request.params


def test_an_empty_redirect_repeats_the_document():
    """A Redirect without a URL requests the current document again."""
    call = play("", documents={"/": [response("<Redirect/>"), response("<Say>Again.</Say>")]})
    assert after_first(call) == ["redirect POST /", "hears Again.", ENDED]


def test_an_empty_redirect_can_be_an_error():
    """With empty_redirect_repeats_document=False, a Redirect without a URL ends the call with an error."""
    call = play("<Redirect/>", number={"assumptions": Assumptions(empty_redirect_repeats_document=False)})
    assert after_first(call) == ["error 11100: <Redirect> must have a URL", "ended application-error completed"]


def test_a_redirect_to_an_invalid_url_ends_the_call():
    """A Redirect to an invalid URL is reported with its location and ends the call."""
    call = play("<Say>One.</Say>\n  <Redirect>mailto:x@example.com</Redirect>")
    assert warned(call) == [(11100, "the URL must be a valid http or https URL, not 'mailto:x@example.com'")]
    assert [(each.line, each.column) for each in call.warnings] == [(2, 3)]
    assert call.ended.reason == "application-error"


@pytest.mark.parametrize(
    ("twiml", "code", "what"),
    [
        pytest.param(
            '<Redirect method="HEAD">/next</Redirect>',
            13710,
            "<Redirect method> must be GET or POST, not 'HEAD'",
            id="Redirect.method-wrong",
        ),
        pytest.param(
            '<Reject reason="x"/>', 12200, "<Reject reason> must be rejected or busy, not 'x'", id="Reject.reason-wrong"
        ),
        pytest.param('<Hangup now="yes"/>', 12200, "<Hangup> has no attribute 'now'", id="Hangup-attribute"),
    ],
)
def test_an_invalid_attribute_is_a_warning(twiml, code, what):
    """An invalid value or an unknown attribute is a warning with Twilio's code."""
    assert warned(play(twiml)) == [(code, what)]
