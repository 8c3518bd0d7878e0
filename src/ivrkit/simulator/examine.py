"""A check of a phone tree by simulated calls. The check finds problems that cannot be seen in a single TwiML document.

- ``endless-silence``: a caller who says nothing stays on the line for ever.
- ``repeated-request-after-end``: the last request of a call is sent again after the end of the call. The repeated
  request fails, or its response continues the call.
- ``status-callback-after-end``: the status callback is sent after the end of the call. The status callback fails, or
  its response continues the call.
- ``content-type``: the responses have a Content-Type that Twilio accepts, but that is not a Content-Type of TwiML.

The check also finds the problems in single documents. The name of such a problem is Twilio's error code.
"""

from __future__ import annotations

from ivrkit.simulator.actions import AGENT, HangUp, PickUp, Refuse, Silence
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.events import Responded
from ivrkit.simulator.explore import CallProblem, Exploration, explore
from ivrkit.simulator.simulator import Simulator
from ivrkit.simulator.twiml.document import ODD_CONTENT_TYPE
from ivrkit.simulator.twiml.markup import Element, MarkupError, parse

#: The verbs that do no harm if nobody hears them.
_HARMLESS_VERBS = frozenset({"Say", "Play", "Pause", "Hangup", "Reject"})
#: The ends of a call that would not have ended by itself.
_ENDLESS = frozenset({"too-many-documents", "time-limit"})
_OVER_HINT = "remember that the call is over, and answer with an empty <Response>"
_EMPTY_DOCUMENT = Element("Response", {}, (), 0, 0)
#: How many actions of an endless call are shown.
_MAX_ACTIONS = 12


def examine(simulator: Simulator, *, depth: int = 2) -> list[CallProblem]:
    """Call a number in many ways, and return the problems. Each problem is returned once.

    :param depth: maximum number of actions in each call that explores the phone tree.
    """
    exploration = explore(simulator.call, depth=depth)
    return [
        *exploration.problems,
        *_content_type(simulator.call()),
        *_endless_silence(simulator),
        *_repeated_request_after_end(exploration),
        *_status_callback_after_end(simulator, exploration),
    ]


def _content_type(call: SimulatedCall) -> list[CallProblem]:
    return [
        CallProblem("content-type", f"{note.what}, which Twilio accepts only by chance", note.hint)
        for note in call.notes
        if note.what.startswith(ODD_CONTENT_TYPE)
    ]


def _endless_silence(simulator: Simulator) -> list[CallProblem]:
    """Make a call in which the caller stays silent and no callee answers.

    :returns: a list with one problem if this call does not end; otherwise an empty list.
    """
    call = simulator.call()
    while call.waiting is not None:
        if call.waiting.activity == "ring":
            call.do(Refuse("no-answer"))
        elif call.waiting.activity == "queue":
            # An agent takes the call and hangs up at once: a queue alone may keep a caller for ever.
            call.do(PickUp(who=AGENT))
        elif call.waiting.activity == "talk":
            call.do(HangUp(who=AGENT))
        else:
            call.do(Silence(who=call.waiting.who))
    if call.ended is None or call.ended.reason not in _ENDLESS:
        return []
    length = f"{len(call.responses)} documents and {call.ended.billed_minutes} minutes"
    message = f"after {length}, a caller who says nothing is still on the line"
    hint = "count the silences of a call, and hang up after a few"
    return [CallProblem("endless-silence", message, hint, tuple(call.actions[:_MAX_ACTIONS]))]


def _repeated_request_after_end(exploration: Exploration) -> list[CallProblem]:
    """Repeat the last request of each call that ended.

    :returns: a list with the first problem, or an empty list if no repeated request causes a problem.
    """
    for call in exploration.ends:
        document = call.repeat_last_request()
        effect = _effect_after_end(None if document is None else document.root)
        if effect:
            message = f"a request that is repeated after the end {effect}"
            return [CallProblem("repeated-request-after-end", message, _OVER_HINT, tuple(call.actions))]
    return []


def _status_callback_after_end(simulator: Simulator, exploration: Exploration) -> list[CallProblem]:
    """Repeat each call that ended, with the webhook's URL as the URL of the status callback.

    :returns: a list with the first problem, or an empty list if no status callback causes a problem.
    """
    with_callback = Simulator(
        simulator.transport,
        simulator.url,
        method=simulator.method,
        token=simulator.token,
        status_callback=simulator.url,
        status_callback_method=simulator.method,
    )
    for ended in exploration.ends:
        call = with_callback.call(ended.actions)
        effect = _effect_after_end(_status_callback_document(call))
        if effect:
            message = f"the status callback, if it is sent to the webhook, {effect}"
            return [CallProblem("status-callback-after-end", message, _OVER_HINT, tuple(call.actions))]
    return []


def _status_callback_document(call: SimulatedCall) -> Element | None:
    """Return the root of the document that the app sent in response to the status callback.

    :returns: the root, or ``None`` if the status callback failed.
    """
    responses = [each for each in call.events if isinstance(each, Responded) and each.purpose == "status"]
    if not responses or responses[-1].status >= 400:
        return None
    try:
        return parse(responses[-1].body.encode())
    except MarkupError:
        return _EMPTY_DOCUMENT  # a response that is not TwiML does no harm: Twilio does not play it


def _effect_after_end(root: Element | None) -> str:
    """Return the problem with a response that arrives after the end of a call, or ``""`` if the response does no harm.

    :param root: the root of the document in the response, or ``None`` if the request failed.
    """
    if root is None:
        return "fails"
    verb = next((each.name for each in root.children if each.name not in _HARMLESS_VERBS), "")
    return f"continues the call with a <{verb}>" if verb else ""
