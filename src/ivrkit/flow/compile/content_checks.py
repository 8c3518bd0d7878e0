"""The check that the content of a state fits its exit.

Fixed content is checked at start. The content that an ``enter`` function returns is checked at each call.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.errors import FlowError, nearest
from ivrkit.flow.compile.fragments import Content
from ivrkit.flow.compile.menus import has_keys
from ivrkit.flow.compile.twiml import ENDING_VERBS, WAITING_VERBS
from ivrkit.flow.model.outcomes import VERB_OUTCOMES, is_key_sequence
from ivrkit.flow.model.routes import LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import State


def check_content(state: State, routes: Mapping[str, Target], content: Content, *, menu: bool) -> None:
    """Raise an error if the content of a state does not fit the exit of the state.

    These are the rules:

    1. A state with a whisper needs a ``Dial`` with a noun that can have the whisper.
    2. A state waits with at most one verb.
    3. If a state waits, its exit is a table, a function or ``None``, and fits the verb.
    4. A state whose exit is a table needs a verb that waits. Only a menu without options needs none.
    5. A state whose exit is a single target has no verb that ends the document.

    :param state: the state.
    :param routes: outcome -> target of the state, including the options of a menu.
    :param content: the rendered content of the state.
    :param menu: whether the state is a menu.
    :raises FlowError: if the content breaks a rule. The error has a hint how to fix the state.
    """
    exit = state.exit
    waiting = [name for name in content.verbs if name in WAITING_VERBS]
    # A function may dial on some calls only. Its other calls need no Dial for the whisper.
    if state.whisper is not None and not content.has_whisper and (waiting == ["Dial"] or not callable(state.enter)):
        raise FlowError(
            "it has a whisper, but no Dial that could use it",
            hint="add a Dial with a Number, Client or Sip that has no url",
        )
    if len(waiting) > 1:
        raise FlowError(
            f"it must wait with one verb, not with {' and '.join(waiting)}",
            hint="put the second verb into a state of its own, and lead there with an exit",
        )
    if waiting:
        _check_waiting_state(state, routes, content, waiting[0], menu=menu)
    elif isinstance(exit, Routes) and not (menu and not has_keys(routes)):
        raise FlowError(
            "it has Routes, but waits for nothing, so no outcome can follow",
            hint='let it wait with ask(...), Record, Dial or Enqueue, or name one target: exit="menu"',
        )
    elif exit is not None and not isinstance(exit, Routes) and content.ends_document:
        last = next(name for name in content.verbs if name in ENDING_VERBS)
        raise FlowError(
            f"its exit can never be reached, because {last} ends the document",
            hint=f"leave out {last}, or leave out the exit",
        )


def _check_waiting_state(
    state: State, routes: Mapping[str, Target], content: Content, verb: str, *, menu: bool
) -> None:
    """Raise an error if a state waits with a verb that does not fit the exit of the state.

    :raises FlowError: if the verb does not fit the exit.
    """
    exit = state.exit
    if not (isinstance(exit, Routes | LeadsTo) or menu):
        if exit is not None:
            raise FlowError(
                f"its exit must be a Routes table, because it waits with {verb}, not {exit!r}",
                hint=f"use a table: exit=Routes({{...}}, otherwise={destination_of(exit)!r})",
            )
        return
    if content.verbs[-1] != verb:
        after = content.verbs[content.verbs.index(verb) + 1]
        raise FlowError(
            f"{after} after {verb} would never be heard, because the exit decides what follows",
            hint=f"say it before {verb}, or on the way to the target: Goto(target, say=...)",
        )
    if content.custom_action is not None:
        raise FlowError(
            f"its {verb} must not have an action ({content.custom_action!r}), because its exit decides what follows",
            hint="leave out the action, or leave out the exit",
        )
    # The options of a menu are checked at start. Only its own rows are left.
    rows = routes if not menu else exit.rows if isinstance(exit, Routes) else {}
    for outcome in rows:
        _check_row(outcome, verb, content)
    if state.secret and content.verb_attributes.get("method", "POST").upper() == "GET":
        raise FlowError(
            f"it is secret, but its {verb} would send the input in a URL, which servers log",
            hint='leave out method="GET"',
        )


def _check_row(outcome: str, verb: str, content: Content) -> None:
    """Raise an error if a row of a routes table is for an outcome that the verb never has.

    :raises FlowError: if the verb never has this outcome.
    """
    if is_key_sequence(outcome) and verb == "Gather":
        _check_key(outcome, content.verb_attributes)
    elif outcome not in VERB_OUTCOMES[verb]:
        outcomes = (*("keys",) * (verb == "Gather"), *VERB_OUTCOMES[verb])
        raise FlowError(
            f"the row {outcome!r} is not an outcome of {verb}{nearest(outcome, VERB_OUTCOMES[verb])}",
            hint=f"use an outcome of {verb}: {', '.join(outcomes)}",
        )


def _check_key(key: str, gather: Mapping[str, str]) -> None:
    """Raise an error if a row of a routes table is for keys that the state's ``Gather`` can never send.

    :param key: the phone keys of the row, such as ``"42"``.
    :param gather: the attributes of the ``Gather``.
    :raises FlowError: if the ``Gather`` can never send these keys.
    """
    finish = next((each for each in key if each in gather.get("finishOnKey", "#")), None)
    if finish is not None:
        raise FlowError(
            f"the key {key!r} cannot be pressed: {finish!r} ends the input of its Gather",
            hint='choose another key, or another end of the input: ask(..., finish_on_key="")',
        )
    if len(key) > int(gather.get("numDigits", len(key))):
        raise FlowError(
            f"the key {key!r} cannot be pressed: its Gather takes at most {gather['numDigits']} keys",
            hint="leave out num_digits: ivrkit sets it to the longest key of the table",
        )
    if "dtmf" not in gather.get("input", "dtmf"):
        raise FlowError(
            f"the key {key!r} cannot be pressed: its Gather only takes {gather['input']}",
            hint='let it take keys as well: input="dtmf speech"',
        )
