"""From one webhook to its answer: work out the outcome, look the target up, enter it, stop where it waits or ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from ivrkit.errors import FlowError, redacted
from ivrkit.flow.compile.call_flow import ERROR_STATE, CallFlow, StartInfo
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.compile.sentences import WRONG_BEFORE
from ivrkit.flow.compile.twiml import EMPTY_RESPONSE, HANGUP, MAX_CONTENT_BYTES, Content, check_size, document
from ivrkit.flow.model.call import HIDDEN_INPUT, Call
from ivrkit.flow.model.outcomes import NO_INPUT, read_outcome
from ivrkit.flow.model.routes import BACK, HOME, SAME, Goto, LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import EnterFunction
from ivrkit.flow.run.counts import Counts
from ivrkit.flow.run.history import History
from ivrkit.flow.run.sandbox import Failure, Result, catch_failure, run_sandboxed
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.transitions import Transitions, checked_target
from ivrkit.flow.run.turn import Event, FallbackStep, Turn

#: More states than this in one answer, without one that waits or ends, are a ring.
MAX_STATES_PER_RESPONSE = 50
#: Why a call ended that the flow itself ended.
FINISHED = "finished"

#: A target, and the state that it was decided in.
Step = tuple[Target, str | None]


def advance(flow: CallFlow, call: Call, session: Session, *, fallback_step: FallbackStep = FallbackStep.NONE) -> Turn:
    """Answer one webhook of a call.

    :param flow: the compiled states.
    :param call: the call at this webhook; its ``data`` is the session's.
    :param session: what is kept of the call; changed in place.
    :param fallback_step: the fallback step in the webhook's URL.
    :returns: the document to send, and what happened.
    """
    return _Advance(flow, call, session).run(fallback_step)


def hang_up(flow: CallFlow, call: Call, session: Session) -> Turn:
    """Mark a call as ended that Twilio says is over. What its last verb brought may still come.

    :param flow: the compiled states.
    :param call: the call at this status callback.
    :param session: what is kept of the call; changed in place.
    :returns: an empty document, and ``ended`` when it was not told before.
    """
    return _Advance(flow, call, session).end()


class _Advance:
    """One webhook on its way: ``parts`` collects the answer, ``events`` what happened."""

    def __init__(self, flow: CallFlow, call: Call, session: Session) -> None:
        self.flow = flow
        self.session = session
        self.call = call
        self.language = ""
        self._speak(session.language)
        self.counts = Counts(session)
        self.history = History(flow, session)
        self.transitions = Transitions(flow, self.counts, self._run_exit, self._start_info)
        self.parts: list[bytes] = []
        self.events: list[Event] = []
        self.failed: set[str] = set()
        self.apologised = False
        self.entered = 0
        self.left = flow.states.get(session.state or "")
        self.secret = session.secret and session.waiting_verb == "Gather"

    def run(self, fallback_step: FallbackStep) -> Turn:
        """Answer the webhook."""
        # Twilio could not use the response that ended the call, so the caller is still on the line.
        if fallback_step and self.session.ended == FINISHED and not self.call.has_ended:
            return self._turn(document([self._sentence("goodbye"), HANGUP]))
        if self.session.ended or self.call.has_ended:
            self._keep_last(self._outcome())
            return self.end()
        if self.session.state is None:
            self.events.append(Event("started"))
            start = self._start()
            self.session.start = start.target if isinstance(start.target, str) else None
            self._follow(start, None)
        else:
            outcome = None if fallback_step else self._outcome()
            self.call = replace(self.call, outcome=outcome)
            self._keep(outcome)
            self._follow(self._target(outcome, fallback_step), self.session.state)
        return self._turn(document(self.parts))

    def end(self) -> Turn:
        """Answer a caller who is gone: nothing is entered or counted."""
        if self.session.ended is None:
            self.session.ended = self.call.status
            if self.session.state is not None:
                self.events.append(Event("ended", reason=self.call.status))
        return self._turn(EMPTY_RESPONSE)

    def _turn(self, twiml: bytes) -> Turn:
        now = self.flow.states.get(self.session.state or "")
        state = now.state if now else None
        if self.flow.hooks.edit_response and state and twiml is not EMPTY_RESPONSE:
            twiml = self.flow.hooks.edit_response(self.call.copy_for_observers(secret=self.secret), state, twiml)
        return Turn(twiml, state, self.session.ended is not None, tuple(self.events), self.call, self.secret)

    def _start(self) -> Goto:
        """Return where a call begins, and in which language: as a plugin, the caller or the called number has it."""
        config = self.flow.config
        decided = config.callers.get(self.call.from_) or config.numbers.get(self.call.to) or Goto(config.start)
        chosen = self._chosen_start()
        if chosen is None:
            return decided
        return chosen if chosen.language else replace(chosen, language=decided.language)

    def _chosen_start(self) -> Goto | None:
        """Return where a plugin lets the call begin; words that can't be said are left out."""
        exit = self.flow.hooks.choose_start(self.call) if self.flow.hooks.choose_start else None
        if exit is None:
            return None
        tag = self.flow.closest_language(exit.language or self.language)
        said = catch_failure(lambda: self.flow.goto_xml(exit, tag, None))
        return replace(exit, say=()) if isinstance(said, Failure) else exit

    def _start_info(self) -> StartInfo:
        return self.flow.start_info(self.session.start)

    def _speak(self, language: str) -> None:
        """Hold the call in a language from here on, or in the one most like it."""
        self.language = self.session.language = self.flow.closest_language(language)
        if self.call.language != self.language:
            self.call = replace(self.call, language=self.language)

    # What happened.

    def _outcome(self) -> str | None:
        phrases = self.left.localized[self.language].phrases if self.left else {}
        return read_outcome(self.session.waiting_verb, self.call.params, phrases)

    def _keep(self, outcome: str | None) -> None:
        """Keep an outcome in the call's path, and tell it."""
        told = HIDDEN_INPUT if self.secret and outcome not in (None, NO_INPUT) else outcome
        state = self.left.state if self.left else None
        self.session.path[-1][1] = told
        if outcome == "recorded":
            details = {name: value for name, value in self.call.params.items() if name.startswith("Recording")}
            self.events.append(Event("recorded", state, details=details))
        self.events.append(Event("left", state, outcome=told))

    def _keep_last(self, outcome: str | None) -> None:
        """Keep what came of the last verb of a caller who is gone; silence of somebody gone is nothing."""
        if outcome not in (None, NO_INPUT):
            self._keep(outcome)
            self.session.waiting_verb = None

    # Where the call goes.

    def _target(self, outcome: str | None, fallback_step: FallbackStep) -> Target:
        """Return where a call goes that was in a state when the webhook came."""
        waits = self.session.waiting_verb
        if self.session.turn + 1 >= self.flow.config.max_turns or fallback_step is FallbackStep.TRY_OPERATOR:
            return self.transitions.operator()
        if self.left is None:
            return HOME
        if waits is None or outcome is None:
            return SAME if waits in (None, "Gather") else HOME
        changed = self.session.routes_hash != self.left.routes_hash
        if waits == "Gather" and outcome != NO_INPUT and changed:
            return SAME
        return self.transitions.after(self.left, waits, outcome)

    def _follow(self, target: Target, origin: str | None) -> None:
        """Go to the target, and on from there by automatic exits, until the call waits or ends."""
        step: Step | None = (target, origin)
        while step is not None:
            step = self._go(*step)

    def _go(self, target: Target, origin: str | None) -> Step | None:
        """Say what is said on the way, and enter the target; return where it leads at once, ``None`` to stop."""
        goal = destination_of(target)
        if isinstance(target, Goto):
            if target.language is not None:
                self._speak(target.language)
            if target.say:
                self._add(self.flow.goto_xml(target, self.language, self.flow.states.get(origin or "")))
        elif goal is None:
            self.parts.append(self._sentence("goodbye"))
        if goal is None:
            self._end(HANGUP)
            return None
        through_error = origin == ERROR_STATE
        found = goal if isinstance(goal, str) else None
        if goal is SAME:
            found = origin
        elif goal is BACK:
            found = self.history.sender(origin)
        returning = through_error or goal in (SAME, BACK)
        if found not in self.flow.states:
            found, returning = self.history.home(origin), through_error
        returning = returning or found == origin
        if found is None or found in self.failed:
            return self.transitions.operator(), origin
        return self._enter(self.flow.states[found], origin, returning=returning)

    def _enter(self, compiled: CompiledState, origin: str | None, *, returning: bool) -> Step | None:
        """Enter a state; return where it leads at once, ``None`` when it waits or ends the call."""
        name = compiled.name
        if not returning:
            self.counts.begin(name)
            if origin is not None and origin != name:
                self.history.send(compiled.state, origin)
        content = catch_failure(lambda: self._content(compiled))
        if isinstance(content, Failure):
            return self._failure(compiled, content.error), name if name == ERROR_STATE else origin
        self.session.state, self.session.waiting_verb, self.session.routes_hash = (
            name,
            content.waiting_verb,
            compiled.routes_hash,
        )
        self.session.secret = compiled.state.secret
        self.session.needs_encryption = self.session.needs_encryption or compiled.state.secret
        self.session.path.append([name, None])
        self.events.append(Event("entered", compiled.state))
        self.parts.append(content.xml)
        if content.waiting_verb is None:
            return self._leave_at_once(compiled, content)
        if compiled.is_menu:
            self.history.stand_in(name)
        return None

    def _content(self, compiled: CompiledState) -> Content:
        """Return what a state says; its own code runs here.

        :raises FlowError: when it can't be said, or when there is no end to what is said.
        """
        self.entered += 1
        if self.entered > MAX_STATES_PER_RESPONSE:
            self.entered = 0
            self.parts.clear()
            raise FlowError(
                f"it is the last of {MAX_STATES_PER_RESPONSE} states in one answer, and none of them waits",
                hint="exit functions lead round; let one of the states wait for input",
            )
        localized = compiled.localized[self.language]
        content = localized.content
        if content is None:
            enter = cast(EnterFunction, compiled.state.enter)
            content = self._guarded(lambda: compiled.render_enter(enter(self.call), localized))
        check_size(sum(map(len, self.parts)) + len(content.xml))
        return content

    def _add(self, words: bytes) -> None:
        """Say something on the way, unless the answer would be too long for Twilio with it."""
        if sum(map(len, self.parts)) + len(words) <= MAX_CONTENT_BYTES:
            self.parts.append(words)

    def _sentence(self, name: str) -> bytes:
        return self.flow.core_prompts[self.language][name]

    def _leave_at_once(self, compiled: CompiledState, content: Content) -> Step | None:
        """Return where a state leads that does not wait; end the call when its own words are the last."""
        exit = compiled.state.exit
        if exit is None or isinstance(exit, Routes) or compiled.is_menu:
            self._end(b"" if content.ends_document else HANGUP)
            return None
        target = self._run_exit(compiled, exit)[0] if isinstance(exit, LeadsTo) else exit
        self.events.append(Event("left", compiled.state))
        return target, compiled.name

    def _end(self, last: bytes) -> None:
        """End the call, with the verb that does it."""
        self.parts.append(last)
        self.session.waiting_verb = None
        self.session.ended = FINISHED
        self.events.append(Event("ended", reason=FINISHED))

    # The plugins' own code.

    def _run_exit(self, compiled: CompiledState, exit: LeadsTo) -> tuple[Target, bool]:
        """Return the target of a function exit, and whether it failed."""
        target = catch_failure(lambda: self._guarded(lambda: self._checked(compiled, exit)))
        if isinstance(target, Failure):
            return self._failure(compiled, target.error), True
        return target, False

    def _guarded(self, run: Callable[[], Result]) -> Result:
        return run_sandboxed(self.call.data, run, self.flow.config.max_data_bytes)

    def _checked(self, compiled: CompiledState, exit: LeadsTo) -> Target:
        return checked_target(self.flow, compiled, exit, exit(self.call), self.language)

    def _failure(self, compiled: CompiledState, error: BaseException) -> Target:
        """Tell a failure, and return where the caller goes: never to a state that failed in this answer."""
        self.failed.add(compiled.name)
        self.events.append(Event("failed", compiled.state, error=redacted(error) if self.secret else error))
        chosen = None
        if self.flow.hooks.state_failed:
            watched = self.call.copy_for_observers(secret=self.secret)
            chosen = self.flow.hooks.state_failed(watched, compiled.state, error, self.secret)
        if compiled.name == ERROR_STATE and chosen is None:
            return WRONG_BEFORE
        if not self.apologised:
            self.apologised = True
            self.parts.append(self._sentence("apology"))
        for name in (chosen, compiled.state.on_error, self.history.home(compiled.name), self._start_info().start_menu):
            if name in self.flow.states and name not in self.failed:
                return name
        return self.transitions.operator()
