"""The engine: answers one webhook of one call.

The answer to a webhook has these steps. Each step has a method in :class:`_TurnBuilder`:

1. Read the outcome of the verb that the call waited with, and record the outcome in the call's path.
2. Decide the target: run a function exit, and apply the transition rules.
3. Go to the target: say the prompts of a ``Goto``, and look up the state that SAME, BACK or HOME means.
4. Enter the state: render its ``enter``, and update the session.
5. If the state does not wait for input, continue with step 3 and the target of its exit. The TwiML of all states that
   are entered makes one response.
6. Stop at a state that waits, or end the call. Move the prompts that are said before a question into its ``Gather``.

A plugin's code runs in the sandbox. If this code fails, the call goes to another state. The response is never an error.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ivrkit.errors import redacted
from ivrkit.flow.compile.call_flow import ERROR_STATE, CallFlow
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.compile.fragments import Content
from ivrkit.flow.compile.twiml import EMPTY_RESPONSE, HANGUP, document
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.outcomes import NO_INPUT
from ivrkit.flow.model.routes import HOME, SAME, Goto, LeadsTo, Routes, Target, destination_of
from ivrkit.flow.run.caller_id import with_caller_id
from ivrkit.flow.run.dial_limit import count_dial
from ivrkit.flow.run.failures import Failures
from ivrkit.flow.run.handlers import call_enter, call_exit, choose_start, configured_start
from ivrkit.flow.run.history import History
from ivrkit.flow.run.response import ResponseBuilder
from ivrkit.flow.run.sandbox import Failure, catch_failure
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.transitions import ExitResult, Transitions
from ivrkit.flow.run.turn import Event, FallbackStep, Turn
from ivrkit.flow.run.waiting import WaitingState, is_last_outcome

#: The reason of an end that the flow itself decided.
FINISHED = "finished"

#: A target, and the name of the state whose exit led to it. ``None`` for the start of a call.
Step = tuple[Target, str | None]


def advance(
    flow: CallFlow,
    call: Call,
    session: Session,
    *,
    fallback_step: FallbackStep = FallbackStep.NONE,
    closed: Collection[str] = (),
) -> Turn:
    """Answer one webhook of a call.

    :param flow: the compiled states.
    :param call: the call at this webhook. ``call.data`` must be the dict ``session.data``.
    :param session: the session of the call. It is changed in place.
    :param fallback_step: how often Twilio's fallback URL has sent the call back, as written in the webhook's URL.
    :param closed: the names of the states that the call must not enter.
    :returns: the TwiML document to send, and the events of this webhook.
    """
    return _TurnBuilder(flow, call, session, closed).answer(fallback_step)


def hang_up(flow: CallFlow, call: Call, session: Session) -> Turn:
    """Mark a call as ended after a status callback. A webhook with the outcome of the last verb may still follow.

    :param flow: the compiled states.
    :param call: the call at this status callback.
    :param session: the session of the call. It is changed in place.
    :returns: an empty TwiML document, and the event ``ended`` if the session did not yet say that the call has ended.
    """
    return _TurnBuilder(flow, call, session).end_call()


class _TurnBuilder:
    """The work on one webhook. The attribute ``response`` collects the TwiML, and ``events`` collects the events."""

    def __init__(self, flow: CallFlow, call: Call, session: Session, closed: Collection[str] = ()) -> None:
        self.flow = flow
        self.closed = closed
        self.session = session
        self.call = call
        self.language = ""
        self._switch_language(session.language)
        self.history = History(flow, session)
        self.transitions = Transitions(flow, session, closed)
        self.response = ResponseBuilder()
        self.events: list[Event] = []
        self.failures = Failures(flow, session, self.history, self.transitions, self.response)
        self.waiting = WaitingState(flow, session)
        self.secret = self.waiting.secret

    def answer(self, fallback_step: FallbackStep) -> Turn:
        """Answer the webhook, and return the response with its events.

        :param fallback_step: how often Twilio's fallback URL has sent the call back.
        """
        if fallback_step and self.session.ended == FINISHED and not self.call.has_ended:
            # Twilio could not use the response that ended the call, so the caller is still on the line.
            return self._finish(document([self.flow.core_prompts[self.language]["goodbye"].xml, HANGUP]))
        if self.session.ended or self.call.has_ended:
            outcome = self._read_outcome()
            if is_last_outcome(outcome, self.call.params):
                self._record_outcome(outcome)
                self.session.waiting_verb = None
            return self.end_call()
        if self.session.state is None:
            self.events.append(Event("started"))
            self._follow(self._start(fallback_step), None)
        else:
            # After a fallback the stored state is entered again: its verb may not have run, so it has no outcome.
            outcome = None if fallback_step else self._read_outcome()
            self._record_outcome(outcome)
            self._follow(self._decide(outcome, fallback_step), self.session.state)
        in_full = self.flow.config.uninterruptible_reprompts and self.transitions.has_failed
        return self._finish(self.response.to_document(interruptible=not in_full))

    def end_call(self) -> Turn:
        """Return the response to a webhook after the caller has hung up. No state is entered, no failure is counted."""
        if self.session.ended is None:
            self.session.ended = self.call.status
            if self.session.state is not None:
                self.events.append(Event("ended", reason=self.call.status))
        return self._finish(EMPTY_RESPONSE)

    def _finish(self, twiml: bytes) -> Turn:
        """Return the response to the webhook, after the hooks ``ivrkit_edit_response`` have edited it.

        :param twiml: the TwiML document before the edits.
        """
        current = self.flow.states.get(self.session.state or "")
        state = current.state if current else None
        if self.flow.hooks.edit_response and state and twiml is not EMPTY_RESPONSE:
            twiml = self.flow.hooks.edit_response(self.call.copy_for_observers(secret=self.secret), state, twiml)
        return Turn(twiml, state, self.session.ended is not None, tuple(self.events), self.call, self.secret)

    def _switch_language(self, language: str) -> None:
        """Set the language of the call. If calls cannot be held in this language, set the closest language of calls."""
        self.language = self.session.language = self.flow.closest_language(language)
        if self.call.language != self.language:
            self.call = replace(self.call, language=self.language)

    def _start(self, fallback_step: FallbackStep) -> Target:
        """Return the first target of a call.

        :param fallback_step: how often Twilio's fallback URL has sent the call back.
        """
        start = configured_start(self.flow, self.call)
        if not fallback_step:
            start = choose_start(self.flow, self.call, self.language)
        self.session.start = start.target if isinstance(start.target, str) else None
        operator = self.flow.start_info(self.session.start).operator
        if fallback_step is FallbackStep.TRY_OPERATOR or (fallback_step and operator is not None):
            # The first webhook of the call failed before its turn was saved. The code of the start may have ended the
            # process, and would end the next process as well.
            self._switch_language(start.language or self.language)
            return self.transitions.operator()
        return start

    # Step 1: the outcome.

    def _read_outcome(self) -> str | None:
        return self.waiting.read_outcome(self.call.params, self.language)

    def _record_outcome(self, outcome: str | None) -> None:
        """Record an outcome in the call, its path and the events."""
        self.call = replace(self.call, outcome=outcome)
        self.events += self.waiting.record(outcome, self.call.params)

    # Step 2: the target.

    def _decide(self, outcome: str | None, fallback_step: FallbackStep) -> Target:
        """Return the target that an outcome of the waiting state leads to.

        :param outcome: the outcome, or ``None`` if the webhook has no outcome.
        :param fallback_step: how often Twilio's fallback URL has sent the call back.
        """
        waiting_verb, compiled = self.session.waiting_verb, self.waiting.compiled
        # Rule 6: too many webhooks end a call. The operator is also the last resort of the fallback.
        if self.session.turn + 1 >= self.flow.config.max_turns or fallback_step is FallbackStep.TRY_OPERATOR:
            return self.transitions.operator()
        if compiled is None:
            return HOME
        if waiting_verb is None or outcome is None:
            # A question can be asked again. Dialling or recording again could do harm.
            return SAME if waiting_verb in (None, "Gather") else HOME
        changed = self.session.routes_hash != compiled.routes_hash
        if waiting_verb == "Gather" and outcome != NO_INPUT and changed:
            # A deploy has changed the routes since the caller heard them, so the key may mean something else now.
            return SAME
        exit = compiled.state.exit
        if isinstance(exit, LeadsTo):
            result = self._run_exit(compiled, exit)
            return self.transitions.by_function(compiled, waiting_verb, outcome, result)
        if isinstance(exit, Routes) or compiled.is_menu:
            return self.transitions.by_routes(compiled, waiting_verb, outcome)
        # A state that waits has no other exit than None: its last outcome leads to the goodbye.
        return exit

    # Steps 3 to 6.

    def _follow(self, target: Target, origin: str | None) -> None:
        """Go to a target, and on from each state that does not wait, until the call waits for input or ends.

        :param target: the target.
        :param origin: the name of the state whose exit led to the target, or ``None`` at the start of a call.
        """
        step: Step | None = (target, origin)
        while step is not None:
            step = self._go_to(*step)

    def _go_to(self, target: Target, origin: str | None) -> Step | None:
        """Say the prompts of a target, and enter the state of the target.

        :param target: the target.
        :param origin: the name of the state whose exit led to the target, or ``None`` at the start of a call.
        :returns: the next target and the state that leads to it, or ``None`` if the call waits for input or has ended.
        """
        destination = destination_of(target)
        if isinstance(target, Goto):
            if target.language is not None:
                self._switch_language(target.language)
            if target.say:
                # The target matters more than the prompts on the way to it.
                self.response.add_if_it_fits(
                    self.flow.goto_fragment(target, self.language, self.flow.states.get(origin or ""))
                )
        elif destination is None:
            self.response.add(self.flow.core_prompts[self.language]["goodbye"])
        if destination is None:
            self._hang_up(HANGUP)
            return None
        name, returning = self.history.resolve(destination, origin)
        if name is None or name in self.failures:
            return self.transitions.operator(), origin
        return self._enter(self.flow.states[name], origin, returning=returning)

    def _enter(self, compiled: CompiledState, origin: str | None, *, returning: bool) -> Step | None:
        """Enter a state.

        :param compiled: the state.
        :param origin: the name of the state whose exit led to this state, or ``None`` at the start of a call.
        :param returning: whether the caller returns to the state, so that the failure counts of the state are kept.
        :returns: the next target and the state that leads to it, or ``None`` if the call waits for input or has ended.
        """
        name = compiled.name
        if not returning:
            self.transitions.forget_failures(name)
            if origin is not None and origin != name:
                self.history.record_origin(compiled.state, origin)
        if name in self.closed:
            return self._skip(compiled, origin)
        content = catch_failure(lambda: self._render(compiled))
        if type(content) is Failure:
            return self._handle_failure(compiled, content.error), name if name == ERROR_STATE else origin
        self.session.state, self.session.waiting_verb = name, content.waiting_verb
        self.session.routes_hash = compiled.routes_hash
        self.session.secret = compiled.state.secret
        self.session.needs_encryption = self.session.needs_encryption or compiled.state.secret
        self.session.path.append([name, None])
        self.events.append(Event("entered", compiled.state))
        self.response.add(content)
        if content.waiting_verb is None:
            return self._leave_at_once(compiled, content)
        if compiled.is_menu:
            self.history.record_menu(name)
        return None

    def _skip(self, compiled: CompiledState, origin: str | None) -> Step:
        """Return the step that follows instead of a state that the call must not enter."""
        target = self.failures.target_instead_of(compiled, chosen=origin is not None)
        return target, compiled.name if compiled.name == ERROR_STATE else origin

    def _render(self, compiled: CompiledState) -> Content:
        """Return the rendered content of a state. If ``enter`` is a function, the function is called.

        :raises FlowError: if the content is invalid, or if this webhook has entered too many states, or if the call has
            dialled too often.
        """
        self.response.count_state()
        if self.closed:
            compiled = compiled.without_options(self.closed, self.language)
        localized = compiled.localized[self.language]
        content = localized.content
        if content is None:
            content = call_enter(self.flow, compiled, localized, self.call, secret=self.secret)
        content = with_caller_id(content, self.call)
        self.response.check_fits(content.xml)
        count_dial(content, self.session, self.flow.config.max_dials)
        return content

    def _leave_at_once(self, compiled: CompiledState, content: Content) -> Step | None:
        """Return the target of a state that does not wait for input, and the name of this state.

        If the state has no ``exit``, or if the ``exit`` is a ``Routes`` table, end the call and return ``None``.
        """
        exit = compiled.state.exit
        if exit is None or isinstance(exit, Routes) or compiled.is_menu:
            self._hang_up(b"" if content.ends_document else HANGUP)
            return None
        target = self._run_exit(compiled, exit).target if isinstance(exit, LeadsTo) else exit
        self.events.append(Event("left", compiled.state))
        return target, compiled.name

    def _hang_up(self, last_verb: bytes) -> None:
        """End the call.

        :param last_verb: the TwiML that ends the call, or ``b""`` if the response already ends the call.
        """
        self.response.add_verb(last_verb)
        self.session.waiting_verb = None
        self.session.ended = FINISHED
        self.events.append(Event("ended", reason=FINISHED))

    # The code of plugins.

    def _run_exit(self, compiled: CompiledState, exit: LeadsTo) -> ExitResult:
        """Run a function exit, and return its target. If the function fails, return the target after a failure."""

        def run() -> Target:
            return call_exit(self.flow, compiled, exit, self.call, self.language, secret=self.secret)

        target = catch_failure(run)
        if type(target) is Failure:
            return ExitResult(self._handle_failure(compiled, target.error), failed=True)
        return ExitResult(target)

    def _handle_failure(self, compiled: CompiledState, error: BaseException) -> Target:
        """Record the failure of a state's code, and return the next target."""
        self.events.append(Event("failed", compiled.state, error=redacted(error) if self.secret else error))
        return self.failures.target_after(compiled, error, self.call, secret=self.secret)
