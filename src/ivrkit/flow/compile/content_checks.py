"""Whether what a state says fits its exit: checked at start for data, and for a function each time."""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.errors import FlowError, nearest
from ivrkit.flow.compile.menus import has_keys
from ivrkit.flow.compile.twiml import ENDING_VERBS, WAITING_VERBS, Content
from ivrkit.flow.model.outcomes import VERB_OUTCOMES, is_key_sequence
from ivrkit.flow.model.routes import LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import State


def check_content(state: State, routes: Mapping[str, Target], content: Content, *, menu: bool) -> None:
    """Refuse what a state says where it does not fit the state's exit.

    :param state: the state.
    :param routes: its rows, a menu's options among them.
    :param content: what it says, rendered.
    :param menu: whether it is a menu, whose routes are built from options.
    :raises FlowError: with the mend.
    """
    waiting = [name for name in content.verbs if name in WAITING_VERBS]
    table = isinstance(state.exit, Routes | LeadsTo) or menu
    if state.whisper is not None and not content.has_whisper and (waiting == ["Dial"] or not callable(state.enter)):
        raise FlowError(
            "it has a whisper, and dials nobody who could hear it",
            hint="let it wait with a Dial of a Number, Client or Sip that has no url of its own",
        )
    if len(waiting) > 1:
        raise FlowError(
            f"it waits with {' and '.join(waiting)}; a state waits with one verb",
            hint="give the second a state of its own, and lead there with an exit",
        )
    if waiting and table:
        rows = state.exit.rows if menu and isinstance(state.exit, Routes) else {} if menu else routes
        _check_waiting(state, rows, content, waiting[0])
    elif waiting and state.exit is not None and not isinstance(state.exit, Routes | LeadsTo):
        raise FlowError(
            f"it waits with {waiting[0]}, and its exit {state.exit!r} goes on at once",
            hint=f"use a table: exit=Routes({{...}}, otherwise={destination_of(state.exit)!r})",
        )
    elif isinstance(state.exit, Routes) and not (menu and not has_keys(routes)):
        raise FlowError(
            "it has Routes, and waits for nothing: no outcome will ever come",
            hint='let it wait with ask(...), Record, Dial or Enqueue, or name one target: exit="menu"',
        )
    elif state.exit is not None and not isinstance(state.exit, Routes) and content.ends_document:
        last = next(name for name in content.verbs if name in ENDING_VERBS)
        raise FlowError(
            f"it says {last}, which ends the document, and has an exit that would never be reached",
            hint=f"leave out {last}, or leave out the exit",
        )


def _check_waiting(state: State, routes: Mapping[str, Target], content: Content, verb: str) -> None:
    if content.verbs[-1] != verb:
        after = content.verbs[content.verbs.index(verb) + 1]
        raise FlowError(
            f"{after} comes after {verb}, and would never be heard: the exit decides what follows",
            hint=f"say it before {verb}, or on the operator: Goto(target, say=...)",
        )
    if content.custom_action is not None:
        raise FlowError(
            f"its {verb} has an action of its own, {content.custom_action!r}, so its exit would never be asked",
            hint="leave out the action, or leave out the exit",
        )
    for outcome in routes:
        if is_key_sequence(outcome) and verb == "Gather":
            _check_key(outcome, content.verb_attributes)
        elif is_key_sequence(outcome) or outcome not in VERB_OUTCOMES[verb]:
            raise FlowError(
                f"the row {outcome!r} is none of {verb}{nearest(outcome, VERB_OUTCOMES[verb])}",
                hint=f"the outcomes of {verb} are: {_outcomes_of(verb)}",
            )
    if state.secret and content.verb_attributes.get("method", "POST").upper() == "GET":
        raise FlowError(
            f"it is secret, and its {verb} would send what is pressed in a URL, which every server on the way logs",
            hint='leave out method="GET"',
        )


def _check_key(key: str, gather: Mapping[str, str]) -> None:
    """Refuse a key that its Gather would never bring."""
    kept = next((each for each in key if each in gather.get("finishOnKey", "#")), None)
    if kept is not None:
        raise FlowError(
            f"the key {key!r} can't be pressed: its Gather ends at {kept!r} and keeps it",
            hint='choose another key, or let another one end it: ask(..., finish_on_key="")',
        )
    if len(key) > int(gather.get("numDigits", len(key))):
        raise FlowError(
            f"the key {key!r} can't be pressed: its Gather takes {gather['numDigits']} at the most",
            hint="leave out num_digits: it is the longest key of the table",
        )
    if "dtmf" not in gather.get("input", "dtmf"):
        raise FlowError(
            f"the key {key!r} can't be pressed: its Gather listens to {gather['input']} alone",
            hint='let it take keys as well: input="dtmf speech"',
        )


def _outcomes_of(verb: str) -> str:
    return ", ".join((*("keys",) * (verb == "Gather"), *VERB_OUTCOMES[verb]))
