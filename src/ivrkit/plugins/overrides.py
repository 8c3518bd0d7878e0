"""The changes to single states that the tables ``[states.NAME]`` of the settings make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ivrkit.errors import IvrkitError, nearest
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES, is_key_sequence
from ivrkit.flow.model.routes import Goto, LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import MenuOption, State
from ivrkit.flow.model.text import Text, Texts, has_placeholder
from ivrkit.flow.model.toml_values import TARGET_KEYWORDS
from ivrkit.settings import StateSettings

#: The keys of ``targets`` that are not outcomes.
_NOT_OUTCOMES = ("otherwise", "give_up", "on_error")


#: The keys of a table that change the state's menu option.
_OPTION_KEYS = ("key", "label", "sentence")


def override(state: State, table: StateSettings, *, is_menu: bool = False) -> State:
    """Return a state with the changes that the settings make: menu key, label, sentence, voice, language and targets.

    The key ``texts`` of the table is not applied here, because its texts depend on the language of each call.

    :param state: the state as its plugin offers it.
    :param table: the table ``[states.NAME]`` of the settings.
    :param is_menu: whether the state is a menu.
    :raises IvrkitError: if the state has nothing that a key of the table could change, such as a menu option.
    """
    changes: dict[str, Any] = {"options": _override_options(state, table)}
    changes |= {name: getattr(table, name) for name in ("voice", "language") if getattr(table, name) is not None}
    # on_error is an attribute of the state, not one of its routes.
    if "on_error" in table.targets:
        changes["on_error"] = table.targets["on_error"]
    targets = {
        outcome: TARGET_KEYWORDS.get(name, name) for outcome, name in table.targets.items() if outcome != "on_error"
    }
    if targets:
        changes["exit"] = _override_exit(state, targets, is_menu=is_menu)
    return replace(state, **changes)


def outdated_sentence(state: State, table: StateSettings) -> str | None:
    """Return the sentence of a state's menu option that would not change together with the key or the label.

    Such a sentence has no placeholder ``{key}`` or ``{label}``. Callers would hear the old key, so :func:`override`
    replaces the sentence with the core's sentence.

    :param state: the state as its plugin offers it.
    :param table: the table ``[states.NAME]`` of the settings.
    :returns: the sentence, or ``None`` if the sentence is right or if the table has a sentence of its own.
    """
    if len(state.menu_options) != 1 or table.sentence is not None:
        return None
    option = state.menu_options[0]
    changed = [name for name in ("key", "label") if getattr(table, name) not in (None, getattr(option, name))]
    if option.sentence is None or all(has_placeholder(option.sentence, name) for name in changed):
        return None
    return option.sentence


def _override_options(state: State, table: StateSettings) -> tuple[MenuOption, ...]:
    """Return the menu options of a state with the changes of its table.

    :raises IvrkitError: if the table changes the menu option of a state that has none, or more than one.
    """
    changes: dict[str, Any] = {name: getattr(table, name) for name in _OPTION_KEYS if getattr(table, name) is not None}
    if not changes:
        return state.menu_options
    name = next(iter(changes))
    if not state.menu_options:
        raise IvrkitError(
            f"{name} must be left out: the state of {state.owner} has no menu option", hint=f"remove {name}"
        )
    # The options belong to different menus, or are different ways to the state. They must not become the same.
    if len(state.menu_options) > 1:
        options = ", ".join(f"{option.key!r} in {option.menu!r}" for option in state.menu_options)
        raise IvrkitError(
            f"{name} must be left out: the state of {state.owner} has more than one menu option: {options}",
            hint="change the options in the hook ivrkit_edit_state, in a file of plugins_dir",
        )
    if outdated_sentence(state, table) is not None:
        changes["sentence"] = None
    return (replace(state.menu_options[0], **changes),)


def _override_exit(state: State, targets: Mapping[str, Target], *, is_menu: bool) -> Target | Routes:
    """Return the exit of a state with new targets. The prompts of a ``Goto`` in the exit are kept.

    :param state: the state.
    :param targets: outcome -> new target.
    :param is_menu: whether the state is a menu.
    :raises IvrkitError: if the exit is a function, if a key of ``targets`` is not an outcome, or if the state waits for
        no outcome.
    """
    # The targets of a function are not known before it runs, so none of them can be replaced.
    if isinstance(state.exit, LeadsTo):
        raise IvrkitError(
            f"targets must be left out: a function of {state.owner} decides where {state.name!r} leads",
            hint="remove targets, or replace the state with one of your own",
        )
    if not isinstance(state.exit, Routes) and list(targets) == ["exit"]:
        return _with_target(state.exit, targets["exit"])
    if not isinstance(state.exit, Routes) and state.exit is not None:
        other = next(outcome for outcome in targets if outcome != "exit")
        raise IvrkitError(
            f"targets must have only the key exit, not {other!r}: {state.name!r} leads to "
            f"{destination_of(state.exit)!r} without waiting for an outcome",
            hint='write exit = "..." for another target',
        )
    routes = state.exit if isinstance(state.exit, Routes) else _routes_without_rows(is_menu=is_menu)
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


def _routes_without_rows(*, is_menu: bool) -> Routes:
    """Return the routes that mean the same as the exit ``None``.

    An invalid key in a menu is counted, and the menu is said again. In any other state every outcome ends the call.
    """
    return Routes() if is_menu else Routes(otherwise=None)


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
