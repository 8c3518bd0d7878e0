"""Calls the plugins' hooks, each plugin by itself, so that one that fails cannot hurt another."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pluggy

from ivrkit.errors import redacted
from ivrkit.flow.compile.languages import closest_tag
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import Owner, State
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS, run_sandboxed

log = logging.getLogger("ivrkit.plugins")


@dataclass(frozen=True, slots=True)
class HookImpl:
    """One plugin's implementation of one hook."""

    owner: Owner
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]

    def __call__(self, given: dict[str, Any]) -> Any:
        """Call it with the arguments that it takes, of those that are given by name."""
        return self.function(*(given[name] for name in self.arguments))


def hook_impls_of(manager: pluggy.PluginManager, hook: str, owners: dict[str, Owner]) -> tuple[HookImpl, ...]:
    """Return the implementations of a hook in the order in which they are called, the first one first."""
    found = reversed(getattr(manager.hook, hook).get_hookimpls())
    return tuple(
        HookImpl(owners[each.plugin_name], hook, each.function, tuple(each.argnames))
        for each in found
        if manager.has_plugin(each.plugin_name)  # pluggy leaves a second function for one hook in when it unregisters
    )


def failed_by(callers: Sequence[HookImpl], states: Collection[str]) -> Callable[..., str | None]:
    """Return what logs a state's failure and asks the plugins where the caller goes."""

    def failed(call: Call, state: State, error: BaseException, secret: bool) -> str | None:
        log.error(
            "state %r of %s failed in call %s\n%s", state.name, state.owner, call.sid, _shown(error, secret=secret)
        )
        given = {"call": call, "state": state, "error": redacted(error) if secret else error}
        for caller in callers:
            chosen = _guarded(caller, given, call.sid, secret=secret)
            if isinstance(chosen, str) and chosen in states:
                return chosen
            if chosen is not None:
                log.error(
                    "%s of %s returned %r, which is no state; it counts as None", caller.hook, caller.owner, chosen
                )
        return None

    return failed


def choose_start_by(
    callers: Sequence[HookImpl], states: Collection[str], languages: Collection[str], max_data_bytes: int | None = None
) -> Callable[[Call], Goto | None] | None:
    """Return what asks the plugins where a call begins, ``None`` when no plugin has an answer to that."""
    if not callers:
        return None

    def choose(call: Call) -> Goto | None:
        for caller in callers:
            chosen = _guarded(caller, {"call": call}, call.sid, data=call.data, max_data_bytes=max_data_bytes)
            exit = Goto(chosen) if isinstance(chosen, str) else chosen
            if isinstance(exit, Goto) and exit.target in states and _is_one_of(exit.language, languages):
                return exit
            if chosen is not None:
                log.error(
                    "%s of %s returned %r, which is no state, or no language that calls are held in; it counts as None",
                    caller.hook,
                    caller.owner,
                    chosen,
                )
        return None

    return choose


def _is_one_of(language: str | None, languages: Collection[str]) -> bool:
    return language is None or closest_tag(language, languages) is not None


def edit_response_by(callers: Sequence[HookImpl]) -> Callable[[Call, State, bytes], bytes] | None:
    """Return what lets the plugins change a document, ``None`` when no plugin does."""
    if not callers:
        return None

    def edit(call: Call, state: State, twiml: bytes) -> bytes:
        for caller in callers:
            try:
                response = ElementTree.fromstring(twiml)  # noqa: S314  a document that was made here
                caller({"call": call, "state": state, "response": response})
                edited = ElementTree.tostring(response, encoding="utf-8", xml_declaration=True)
                if ElementTree.fromstring(edited).tag != "Response":  # noqa: S314  the same, edited
                    raise ValueError("the root of the document is no Response any more")
            except PLUGIN_ERRORS as error:
                _log_failure(caller, call.sid, error, secret=False)
            else:
                twiml = edited
        return twiml

    return edit


def notify_observers(callers: Sequence[HookImpl], given: dict[str, Any], sid: str) -> None:
    """Tell every plugin that watches; one that fails is logged and nothing else."""
    for caller in callers:
        _guarded(caller, given, sid)


def _guarded(
    caller: HookImpl,
    given: dict[str, Any],
    sid: str,
    *,
    secret: bool = False,
    data: dict[str, Any] | None = None,
    max_data_bytes: int | None = None,
) -> Any:
    """Call it; what it raises is logged. With ``data``, what it leaves there is kept only where it can be."""
    try:
        return caller(given) if data is None else run_sandboxed(data, lambda: caller(given), max_data_bytes)
    except PLUGIN_ERRORS as error:
        _log_failure(caller, sid, error, secret=secret)
        return None


def _log_failure(caller: HookImpl, sid: str, error: BaseException, *, secret: bool) -> None:
    log.error("%s of %s failed in call %s\n%s", caller.hook, caller.owner, sid, _shown(error, secret=secret))


def _shown(error: BaseException, *, secret: bool) -> str:
    """Return the traceback; of an error that may hold a caller's secret, only where it was raised and its type."""
    if not secret:
        return "".join(traceback.format_exception(error)).rstrip()
    return f"{''.join(traceback.format_tb(error.__traceback__))}{redacted(error).message}"
