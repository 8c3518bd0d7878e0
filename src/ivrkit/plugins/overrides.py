"""The changes to single states that the tables ``[states.NAME]`` of the settings make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ivrkit.errors import IvrkitError, nearest
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES, is_key_sequence
from ivrkit.flow.model.routes import Goto, LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.flow.model.toml_values import TARGET_KEYWORDS
from ivrkit.settings import StateSettings

#: The keys of ``targets`` that are not outcomes.
_NOT_OUTCOMES = ("otherwise", "give_up", "on_error")


def override(state: State, table: StateSettings) -> State:
    """Return a state with the changes that the settings make: menu key, label, sentence, voice, language and targets.

    The key ``texts`` of the table is not applied here, because its texts depend on the language of each call.

    :param state: the state as its plugin offers it.
    :param table: the table ``[states.NAME]`` of the settings.
    :raises IvrkitError: if the state has nothing that a key of the table could change, such as a menu option.
    """
    option_changes = {
        name: getattr(table, name) for name in ("key", "label", "sentence") if getattr(table, name) is not None
    }
    for name in option_changes:
        if not state.menu_options:
            raise IvrkitError(
                f"{name} must be left out: the state of {state.owner} has no menu option", hint=f"remove {name}"
            )
    changes: dict[str, Any] = {"options": tuple(replace(option, **option_changes) for option in state.menu_options)}
    changes |= {name: getattr(table, name) for name in ("voice", "language") if getattr(table, name) is not None}
    # on_error is an attribute of the state, not one of its routes.
    if "on_error" in table.targets:
        changes["on_error"] = table.targets["on_error"]
    targets = {
        outcome: TARGET_KEYWORDS.get(name, name) for outcome, name in table.targets.items() if outcome != "on_error"
    }
    if targets:
        changes["exit"] = _override_exit(state, targets)
    return replace(state, **changes)


def _override_exit(state: State, targets: Mapping[str, Target]) -> Target | Routes:
    """Return the exit of a state with new targets. The prompts of a ``Goto`` in the exit are kept.

    :param state: the state.
    :param targets: outcome -> new target.
    :raises IvrkitError: if the exit is a function, or if a key of ``targets`` is not an outcome.
    """
    # The targets of a function are not known before it runs, so none of them can be replaced.
    if isinstance(state.exit, LeadsTo):
        raise IvrkitError(
            f"targets must be left out: a function of {state.owner} decides where {state.name!r} leads",
            hint="remove targets, or replace the state with one of your own",
        )
    if not isinstance(state.exit, Routes) and list(targets) == ["exit"]:
        return _with_target(state.exit, targets["exit"])
    # A single target is replaced by a routes table with only these rows.
    routes = state.exit if isinstance(state.exit, Routes) else Routes()
    known = [*routes.rows, *NAMED_OUTCOMES, *_NOT_OUTCOMES]
    for outcome in targets:
        if outcome not in (*NAMED_OUTCOMES, "otherwise", "give_up") and not is_key_sequence(outcome):
            raise IvrkitError(
                f"targets.{outcome} is not an outcome{nearest(outcome, known)}",
                hint=f"use keys, {', '.join([*NAMED_OUTCOMES, *_NOT_OUTCOMES])}, or exit",
            )
    rows = {
        outcome: _with_target(routes.rows.get(outcome), target)
        for outcome, target in targets.items()
        if outcome not in _NOT_OUTCOMES
    }
    return replace(
        routes,
        rows={**routes.rows, **rows},
        otherwise=_with_target(routes.otherwise, targets["otherwise"]) if "otherwise" in targets else routes.otherwise,
        give_up=_with_give_up(routes.give_up, targets["give_up"]) if "give_up" in targets else routes.give_up,
    )


def _with_give_up(before: Target, target: Target) -> Target:
    """Return the value for ``give_up`` of a routes table.

    :param before: the old value of ``give_up``. If the old value is a ``Goto``, its prompts and its language are kept.
    :param target: the new target. The target ``None`` (hang up) becomes a ``Goto`` that says goodbye and hangs up,
        because ``give_up=None`` would lead to the operator.
    """
    return _with_target(before, target) if target is not None else Goto(None, say=Text(Texts.goodbye))


def _with_target(before: Any, target: Target) -> Target:
    """Return a new target, with the prompts and the language of the old target.

    :param before: the old target. Only a ``Goto`` has prompts and a language.
    :param target: the new target.
    """
    return replace(before, target=destination_of(target)) if isinstance(before, Goto) else target
