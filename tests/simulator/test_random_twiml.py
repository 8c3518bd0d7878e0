"""Random documents: valid, invalid and hostile ones neither crash nor hang the simulator.

A run of the suite plays a few; ``tox run -e random`` plays 20,000.
"""

import json
import os
import signal
from contextlib import contextmanager
from xml.sax.saxutils import escape, quoteattr

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivrkit.simulator import Failure, HangUp, Press, Response, Silence, Simulator, Speak, possible_actions
from ivrkit.simulator.events import Ended
from ivrkit.simulator.twiml.elements import ELEMENTS

#: How many documents are drawn; each one starts its own call.
DOCUMENTS = int(os.environ.get("IVRKIT_RANDOM_DOCUMENTS", "300"))
#: How many of them are served in one call.
IN_A_CALL = 4
MAX_DOCUMENTS = 20

URLS = st.sampled_from(
    ["/", "/1", "/2", "/3", "1?a=b", "", "#rc=9", "ftp://x", "http://", "https://other.example.com/x", " /2 "]
)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
NUMBERS = st.integers(-1, 100_000).map(str)
VALUES = st.one_of(
    st.sampled_from(
        ["", "true", "false", "GET", "POST", "dtmf", "speech", "dtmf speech", "auto", "#", "*", "12", "completed"]
    ),
    NUMBERS,
    URLS,
    TEXT,
    st.text("x", min_size=200, max_size=5000),
)


def valid_values(attribute):
    """Return valid values of an attribute, as far as a few common values are valid."""
    tries = ["true", "GET", "5", "1", "20", "600", "#", "1w2", "busy", "dtmf speech", "trim-silence", "completed", "/1"]
    return st.sampled_from([each for each in tries if attribute.accepts(each)] or [attribute.default or ""])


def markup(name, attributes, inside):
    """Return an element as text."""
    return f"<{name}{''.join(f' {key}={quoteattr(each)}' for key, each in attributes.items())}>{inside}</{name}>"


PLAYED = [name for name, grammar in ELEMENTS.items() if grammar.played and name not in ("Response", "Number")]
TEXTS = {
    "Say": TEXT.map(escape),
    "Play": st.sampled_from(["/sound", "/1", "https://cdn.example.com/x"]),
    "Dial": st.sampled_from(["+15550100", "", "<Number url='/1'>+15550101</Number><Number>+15550102</Number>"]),
    "Enqueue": st.sampled_from(["support", ""]),
    "Redirect": URLS.map(escape),
    "Gather": st.sampled_from(["", "<Say>Press one.</Say>", "<Pause/><Play>/sound</Play>"]),
}


@st.composite
def valid(draw):
    """A document whose verbs and attributes are valid."""
    verbs = []
    for name in draw(st.lists(st.sampled_from(PLAYED), min_size=1, max_size=5)):
        known = ELEMENTS[name].attributes
        chosen = draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=4)) if known else []
        attributes = {each: draw(valid_values(known[each])) for each in chosen}
        verbs.append(markup(name, attributes, draw(TEXTS.get(name, st.just("")))))
    return f"<Response>{''.join(verbs)}</Response>"


NAMES = st.sampled_from([*ELEMENTS, "say", "GATHER", "Sing", "x:Say"])
KEYS = st.sampled_from(
    [*sorted({key for each in ELEMENTS.values() for key in each.attributes or {}}), "now", "Timeout"]
)
INVALID = st.recursive(
    TEXT.map(escape),
    lambda inside: st.builds(
        markup, NAMES, st.dictionaries(KEYS, VALUES, max_size=4), st.lists(inside, max_size=4).map("".join)
    ),
    max_leaves=12,
).map(lambda inside: f"<Response>{inside}</Response>")
HOSTILE = st.one_of(
    st.binary(max_size=200),
    TEXT,
    st.just("<Response>" + "<Say>" * 200),
    st.just("<Response>" + "<Pause/>" * 6000 + "</Response>"),
    st.just('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Response><Say>&b;</Say></Response>'),
    st.just("<Response><Redirect/></Response>"),
    st.just("<Response><Pause length='999999999'/></Response>"),
    st.just("<Response><Play loop='0' digits='1'/></Response>"),
    st.just("x" * 70_000),
    st.sampled_from(["utf-16", "klingon", "idna", "zip"]).map(
        lambda name: f'<?xml version="1.0" encoding="{name}"?><Response/>'
    ),
    st.builds(
        lambda status, content_type, location, body: Response(
            status, (("Content-Type", content_type), ("Location", location)), body
        ),
        st.sampled_from([200, 201, 204, 301, 302, 308, 401, 404, 500, 999]),
        st.sampled_from(
            ["text/xml", "text/plain", "audio/mpeg", "application/json", "", "text/xml; charset=klingon", ";;"]
        ),
        URLS,
        st.binary(max_size=20),
    ),
    st.sampled_from([Failure(11205, "ct", "no connection"), Failure(11205, "rt", "too slow")]),
)
#: More valid documents than invalid and hostile ones: a call that fails at once tests little.
ANY = st.sampled_from([valid()] * 4 + [INVALID] * 2 + [HOSTILE]).flatmap(lambda documents: documents)
TABLES = st.lists(ANY, min_size=IN_A_CALL, max_size=IN_A_CALL).map(
    lambda served: {"/": served[0], **{f"/{index}": each for index, each in enumerate(served[1:], 1)}}
)
PICKS = st.lists(st.integers(0, 100), max_size=12)


@contextmanager
def time_limit():
    """Fail a call that does not end within a minute, which is a thousand times its usual time."""

    def fail(_signal, _frame):
        raise AssertionError("the call hangs")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def drive(call, picks):
    """Do possible actions one after the other, and sometimes another one."""
    for pick in picks:
        if call.waiting is None:
            return
        actions = [
            *possible_actions(call.waiting),
            Silence(1.5),
            Press("12#", after=0.1),
            Speak("yes", after=0.2),
            HangUp(3.0),
        ]
        action = actions[pick % len(actions)]
        assert call.waiting.why_not(action) == ""
        call.do(action)


def check(call):
    """Check the rules that hold for every call."""
    times = [each.at for each in call.events]
    assert times == sorted(times), "the clock went back"
    assert len(call.responses) <= MAX_DOCUMENTS * 13, "documents without end"
    assert (call.waiting is None) == isinstance(call.events[-1], Ended)
    json.dumps([each.as_dict() for each in call.events])
    assert call.transcript(twiml=True)


@settings(
    max_examples=max(DOCUMENTS // (2 * IN_A_CALL), 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(TABLES, TABLES, PICKS)
def test_no_document_crashes_or_hangs_a_call(one, two, picks):
    """No combination of documents and actions crashes or hangs a call."""
    number = {"max_documents": MAX_DOCUMENTS, "fallback_url": "/1", "status_callback": "/2"}
    for documents in (one, two):
        for first in documents:
            with time_limit():
                call = Simulator.for_documents(documents, first, **number).call(patience=None if picks else 100.0)
                check(call)
                drive(call, picks)
                check(call)
