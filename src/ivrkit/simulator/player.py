"""Plays a call: document after document, verb by verb, until somebody hangs up."""

from __future__ import annotations

from collections.abc import Generator

from ivrkit.simulator.actions import CALLER, Action
from ivrkit.simulator.events import Said
from ivrkit.simulator.line import Line
from ivrkit.simulator.scene import Scene
from ivrkit.simulator.twiml.document import Document
from ivrkit.simulator.twiml.elements import GRAMMAR
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs import CALL_VERBS
from ivrkit.simulator.verbs.sounds import seconds_of_text
from ivrkit.simulator.waiting import Came, Go, Gone, Over, Steps, Waiting
from ivrkit.simulator.wire.messages import Failure

#: What a caller hears when Twilio gives a call up; the words are ours, Twilio's are a recording.
GIVEN_UP = "We are sorry. An application error has occurred. Goodbye."

#: The verbs that ask the current document again where they have no action.
_ASK_AGAIN = ("Gather", "Record")


def play_call(line: Line) -> Generator[Waiting, Action, None]:
    """Play a call from its first request to its end."""
    try:
        reason = yield from _documents(line)
    except Over as over:
        reason = over.reason
    except Gone as gone:
        reason = gone.reason
        line.leg.status = "completed"
        if gone.last is not None:
            _ask_for_nobody(line, gone.last)
    line.end(reason, _last_status(line, reason))


def _documents(line: Line) -> Generator[Waiting, Action, str]:
    """Play one document after the other; return why the call ended."""
    go = line.webhook
    while True:
        try:
            document = line.fetch(go)
        except Failure as failure:
            after = _fall_back(line, go, failure)
            if after is None:
                line.answer()
                line.hear(Said, seconds_of_text(line, GIVEN_UP), text=GIVEN_UP)
                return "application-error"
            go = after
            continue
        after = yield from play(line, Scene(line.leg, CALLER, document.url, CALL_VERBS, play), document)
        if after is None:
            line.answer()
            return "no-more-verbs"
        go = after


def _fall_back(line: Line, go: Go, failure: Failure) -> Go | None:
    """Return the request to the fallback URL of the number; ``None`` where there is none, or it is what failed."""
    url, method = line.fallback
    if not url or go.purpose == "fallback":
        return None
    failed = go.url.partition("#")[0]
    return Go(url, method, "fallback", {"ErrorCode": str(failure.code), "ErrorUrl": failed})


def _ask_for_nobody(line: Line, go: Go) -> None:
    """Ask for what nobody will hear, because Twilio does; what is wrong with it is told all the same."""
    try:
        line.fetch(go)
    except (Failure, Over):
        return


def _last_status(line: Line, reason: str) -> str:
    if line.leg.answered_at is not None:
        return "completed"
    return {"busy": "busy", "rejected": "no-answer"}.get(line.leg.status, "canceled" if reason else "")


def play(line: Line, scene: Scene, document: Document) -> Steps:
    """Play one document.

    :returns: where Twilio asks next, ``None`` when the verbs ran out.
    """
    for verb in document.root.children:
        if not can_play(line, scene, verb):
            if verb.name not in GRAMMAR and not line.assumptions.skip_unknown_verbs:
                return None
            continue
        if scene.who == CALLER and not scene.queue:
            _answer_by(line, verb)
        played = scene.verbs[verb.name](line, scene, verb)
        try:
            after = (yield from played) if isinstance(played, Generator) else played
        except Came as came:
            after = scene.action(line, verb, came.params, needed=verb.name in _ASK_AGAIN)
        if after is not None:
            return after
    return None


def can_play(line: Line, scene: Scene, verb: Element) -> bool:
    """Return whether a verb is played here; if not, tell why, unless the document's lint told it."""
    if verb.name in scene.verbs:
        return True
    known = GRAMMAR.get(verb.name)
    if known is None:
        return False
    if known.played:
        code = 13201 if scene.who != CALLER and verb.name == "Dial" else 12200
        what = f"<{verb.name}> can't be played {scene.place}, and is skipped"
        line.warn(code, what, url=scene.url, line=verb.line, column=verb.column)
    else:
        what, hint = f"<{verb.name}> is not played yet, and is skipped", "try it with a real call"
        line.note(what, hint, url=scene.url, line=verb.line, column=verb.column)
    return False


def _answer_by(line: Line, verb: Element) -> None:
    """Response the call, as its first verb does: https://www.twilio.com/docs/voice/twiml."""
    waits = verb.name == "Dial" and verb.attributes.get("answerOnBridge") == "true"
    if verb.name not in ("Reject", "Pause") and not waits:
        line.answer()
