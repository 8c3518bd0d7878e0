"""Calls to hook implementations. Each call is made separately, so that a failing plugin does not affect the others."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
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
    """A hook implementation: the function of one plugin for one hook.

    :param owner: the plugin.
    :param hook: the name of the hook.
    :param function: the function of the plugin.
    :param arguments: the names of the function's parameters, in order. Each parameter takes the hook's argument of the
        same name.
    """

    owner: Owner
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]

    def __call__(self, arguments: Mapping[str, Any]) -> Any:
        """Call the function of the plugin with the arguments that the function takes, and return the result.

        :param arguments: name -> value, for all arguments of the hook.
        """
        return self.function(*(arguments[name] for name in self.arguments))


def find_hook_impls(manager: pluggy.PluginManager, hook: str, owners: Mapping[str, Owner]) -> tuple[HookImpl, ...]:
    """Return the implementations of a hook in the order in which they are called.

    :param manager: pluggy's plugin manager.
    :param hook: the name of the hook.
    :param owners: name under which a plugin is registered in the manager -> name and version of the plugin.
    """
    # pluggy calls its list from the end, so that the plugin registered last comes first.
    found = reversed(getattr(manager.hook, hook).get_hookimpls())
    return tuple(
        HookImpl(owners[each.plugin_name], hook, each.function, tuple(each.argnames))
        for each in found
        # If a plugin has two functions for one hook, pluggy keeps the second when the plugin is unregistered.
        if manager.has_plugin(each.plugin_name)
    )


def make_state_failed(
    hook_impls: Sequence[HookImpl], states: Collection[str]
) -> Callable[[Call, State, BaseException, bool], str | None]:
    """Return the function that the engine calls when the code of a state fails.

    The function logs the failure. Then it lets the plugins choose the next state.

    :param hook_impls: the implementations of ``ivrkit_state_failed``, in the order of calling.
    :param states: the names of all states. The collection may still change, because it is only read during calls.
    """

    def state_failed(call: Call, state: State, error: BaseException, secret: bool) -> str | None:
        trace = _traceback_text(error, secret=secret)
        log.error("state %r of %s failed in call %s\n%s", state.name, state.owner, call.sid, trace)
        arguments = {"call": call, "state": state, "error": redacted(error) if secret else error}
        # The first valid answer decides. An invalid one is logged, and the next plugin is asked.
        for impl in hook_impls:
            chosen = _call(impl, arguments, call.sid, secret=secret)
            if isinstance(chosen, str) and chosen in states:
                return chosen
            if chosen is not None:
                log.error("%s of %s must return the name of a state or None, not %r", impl.hook, impl.owner, chosen)
        return None

    return state_failed


def make_choose_start(
    hook_impls: Sequence[HookImpl],
    states: Collection[str],
    languages: Collection[str],
    max_data_bytes: int | None = None,
) -> Callable[[Call], Goto | None] | None:
    """Return the function that lets the plugins choose the start of a call, or ``None`` without hook implementations.

    :param hook_impls: the implementations of ``ivrkit_choose_start``, in the order of calling.
    :param states: the names of all states. The collection may still change, because it is only read during calls.
    :param languages: the tags of the languages of the phone tree.
    :param max_data_bytes: the maximum size of ``call.data`` as JSON, in bytes, or ``None`` for no maximum.
    """
    if not hook_impls:
        return None

    def choose_start(call: Call) -> Goto | None:
        for impl in hook_impls:
            # A plugin may prepare call.data here. If it fails, its changes must not reach the next plugin.
            chosen = _call(impl, {"call": call}, call.sid, data=call.data, max_data_bytes=max_data_bytes)
            exit = Goto(chosen) if isinstance(chosen, str) else chosen
            if isinstance(exit, Goto) and exit.target in states and _is_spoken(exit.language, languages):
                return exit
            if chosen is not None:
                log.error(
                    "%s of %s must return None, the name of a state, or a Goto to a state in a language of the phone "
                    "tree, not %r",
                    impl.hook,
                    impl.owner,
                    chosen,
                )
        return None

    return choose_start


def _is_spoken(language: str | None, languages: Collection[str]) -> bool:
    return language is None or closest_tag(language, languages) is not None


def make_edit_response(hook_impls: Sequence[HookImpl]) -> Callable[[Call, State, bytes], bytes] | None:
    """Return the function that lets the plugins edit a TwiML document, or ``None`` without hook implementations.

    :param hook_impls: the implementations of ``ivrkit_edit_response``, in the order of calling.
    """
    if not hook_impls:
        return None

    def edit_response(call: Call, state: State, twiml: bytes) -> bytes:
        for impl in hook_impls:
            try:
                # Each plugin edits its own copy. If it fails, the document stays as it was before this plugin.
                response = ElementTree.fromstring(twiml)  # noqa: S314  a document that ivrkit made
                impl({"call": call, "state": state, "response": response})
                edited = ElementTree.tostring(response, encoding="utf-8", xml_declaration=True)
                root = ElementTree.fromstring(edited).tag  # noqa: S314  the same document, edited
                if root != "Response":
                    raise ValueError(f"the root element must be Response, not {root}")
            except PLUGIN_ERRORS as error:
                _log_failure(impl, call.sid, error, secret=False)
            else:
                twiml = edited
        return twiml

    return edit_response


def notify_observers(hook_impls: Sequence[HookImpl], arguments: Mapping[str, Any], sid: str) -> None:
    """Call all implementations of a hook that only observes calls. Log each implementation that fails.

    :param hook_impls: the implementations, in the order of calling.
    :param arguments: name -> value, for all arguments of the hook.
    :param sid: the CallSid, for the log.
    """
    for impl in hook_impls:
        _call(impl, arguments, sid)


def _call(
    impl: HookImpl,
    arguments: Mapping[str, Any],
    sid: str,
    *,
    secret: bool = False,
    data: dict[str, Any] | None = None,
    max_data_bytes: int | None = None,
) -> Any:
    """Return the result of a hook implementation. If the implementation fails, log the failure and return ``None``.

    :param impl: the hook implementation.
    :param arguments: name -> value, for all arguments of the hook.
    :param sid: the CallSid, for the log.
    :param secret: whether the input was secret, so that the log must not contain the message of an error.
    :param data: ``call.data`` if the implementation may change it, otherwise ``None``. A failure undoes the changes.
    :param max_data_bytes: the maximum size of ``data`` as JSON, in bytes, or ``None`` for no maximum.
    """
    try:
        if data is None:
            return impl(arguments)
        return run_sandboxed(data, lambda: impl(arguments), max_data_bytes)
    except PLUGIN_ERRORS as error:
        _log_failure(impl, sid, error, secret=secret)
        return None


def _log_failure(impl: HookImpl, sid: str, error: BaseException, *, secret: bool) -> None:
    trace = _traceback_text(error, secret=secret)
    log.error("%s of %s failed in call %s\n%s", impl.hook, impl.owner, sid, trace)


def _traceback_text(error: BaseException, *, secret: bool) -> str:
    """Return the traceback of an error as text.

    :param error: the error.
    :param secret: whether the input was secret. If so, the text does not contain the message of the error.
    """
    if not secret:
        return "".join(traceback.format_exception(error)).rstrip()
    # The frames show source lines only, but the message of an error may quote what the caller has entered.
    return f"{''.join(traceback.format_tb(error.__traceback__))}{redacted(error).message}"
