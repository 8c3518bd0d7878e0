"""What a team decides about single states: the tables ``[states.NAME]`` of its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ivrkit.errors import IvrkitError, nearest
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES, is_key_sequence
from ivrkit.flow.model.routes import Goto, LeadsTo, Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.flow.model.toml_values import TARGET_KEYWORDS
from ivrkit.settings import StateSettings

#: The targets that are no outcomes of a table.
BESIDE = ("otherwise", "give_up", "on_error")


def overridden(state: State, decided: StateSettings) -> State:
    """Return a state with what the team decided about it.

    Its texts are not among that: they are looked up in the language of each call.

    :param state: as its plugin offers it.
    :param decided: the team's table.
    :raises IvrkitError: for what this state does not have.
    """
    options = {
        name: getattr(decided, name) for name in ("key", "label", "sentence") if getattr(decided, name) is not None
    }
    for name, value in options.items():
        if not state.menu_options:
            told = f'{name} = "{value}": the state of {state.owner} hangs in no menu'
            raise IvrkitError(told, hint=f"take the {name} out")
    given: dict[str, Any] = {"options": tuple(replace(option, **options) for option in state.menu_options)}
    given |= {name: getattr(decided, name) for name in ("voice", "language") if getattr(decided, name) is not None}
    if "on_error" in decided.targets:
        given["on_error"] = decided.targets["on_error"]
    rows = {
        outcome: TARGET_KEYWORDS.get(name, name) for outcome, name in decided.targets.items() if outcome != "on_error"
    }
    if rows:
        given["exit"] = _led_elsewhere(state, rows)
    return replace(state, **given)


def _led_elsewhere(state: State, rows: Mapping[str, Target]) -> Target | Routes:
    """Return the exit of a state with other targets; the words that are said on the way stay."""
    if isinstance(state.exit, LeadsTo):
        raise IvrkitError(
            f"targets: a function of {state.owner} decides where {state.name!r} leads",
            hint="take targets out, or put a state of your own in its place",
        )
    if not isinstance(state.exit, Routes) and list(rows) == ["exit"]:
        return _retargeted(state.exit, rows["exit"])
    table = state.exit if isinstance(state.exit, Routes) else Routes()
    known = [*table.rows, *NAMED_OUTCOMES, "otherwise", "give_up", "on_error"]
    for outcome in rows:
        if outcome not in (*NAMED_OUTCOMES, "otherwise", "give_up") and not is_key_sequence(outcome):
            raise IvrkitError(
                f"targets.{outcome} is no outcome{nearest(outcome, known)}",
                hint=f"there are: keys, {', '.join([*NAMED_OUTCOMES, *BESIDE])}, "
                "and exit where a state goes on at once",
            )
    given = {outcome: _retargeted(table.rows.get(outcome), rows[outcome]) for outcome in _of_table(rows)}
    return replace(
        table,
        rows={**table.rows, **given},
        otherwise=_retargeted(table.otherwise, rows["otherwise"]) if "otherwise" in rows else table.otherwise,
        give_up=_given_up(table.give_up, rows["give_up"]) if "give_up" in rows else table.give_up,
    )


def _of_table(rows: Mapping[str, Target]) -> Iterator[str]:
    return (outcome for outcome in rows if outcome not in BESIDE)


def _given_up(before: Target, target: Target) -> Target:
    """Return where a state gives up to; there ``None`` is the operator, so a hang-up has to be one with its words."""
    return _retargeted(before, target) if target is not None else Goto(None, say=Text(Texts.goodbye))


def _retargeted(before: Any, target: Any) -> Target:
    if isinstance(before, Goto):
        return replace(before, target=target)
    found: Target = target
    return found
