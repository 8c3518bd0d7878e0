"""Calls to hook implementations. Each call is made separately, so that a failing plugin does not affect the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from xml.etree import ElementTree

import pluggy

from ivrkit.errors import FlowError, redacted
from ivrkit.flow.compile.languages import closest_tag
from ivrkit.flow.compile.twiml import ENDING_VERBS, MAX_DOCUMENT_BYTES, WAITING_VERBS
from ivrkit.flow.model.call import HIDDEN_INPUT, Call
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import Owner, State
from ivrkit.flow.run.dial_limit import DialLimitReached
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode, run_plugin_code
from ivrkit.flow.run.sandbox import Failure, catch_failure, keep_attributes, run_sandboxed
from ivrkit.plugin_errors import (
    describe_traceback,
    describe_value,
    escape_control_characters,
    plain_text,
    plugin_errors,
)

log = logging.getLogger("ivrkit.plugins")


@dataclass(frozen=True, slots=True)
class HookImpl:
    """A hook implementation: the function of one plugin for one hook.

    :param owner: the plugin.
    :param hook: the name of the hook.
    :param function: the function of the plugin.
    :param arguments: the names of the function's parameters, in order. Each parameter takes the hook's argument of the
        same name.
    :param clean_ups: the implementations of ``ivrkit_clean_up``. They are called if the function fails in a call.
    """

    owner: Owner
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    clean_ups: tuple[HookImpl, ...] = ()

    def __call__(self, arguments: Mapping[str, Any]) -> Any:
        """Call the function of the plugin with the arguments that the function takes, and return the result.

        :param arguments: name -> value, for all arguments of the hook.
        :raises FlowError: if the function has replaced an attribute of the call.
        """
        run = partial(self.function, *(arguments[name] for name in self.arguments))
        call = arguments.get("call")
        return keep_attributes(call, run) if isinstance(call, Call) else run()

    def code(self, *, secret: bool) -> PluginCode:
        """Return the description of this hook implementation for the host.

        :param secret: whether the input of the caller is secret.
        """
        return PluginCode(self.hook, self.owner, None, secret)


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
    hook_impls: Sequence[HookImpl], states: Collection[str], clean_ups: Sequence[HookImpl] = ()
) -> Callable[[Call, State, BaseException, bool], str | None]:
    """Return the function that the engine calls when the code of a state fails.

    The function logs the failure. Then it lets the plugins choose the next state.

    :param hook_impls: the implementations of ``ivrkit_state_failed``, in the order of calling.
    :param states: the names of all states. The collection may still change, because it is only read during calls.
    :param clean_ups: the implementations of ``ivrkit_clean_up``, in the order of calling.
    """

    def state_failed(call: Call, state: State, error: BaseException, secret: bool) -> str | None:
        if isinstance(error, DialLimitReached):
            text = f"{error.message}; {error.hint}"
            log.warning("state %r of %s did not dial in call %s: %s", state.name, state.owner, _shown(call.sid), text)
        elif not isinstance(error, CodeRefused):  # the host logs its refusals
            trace = describe_traceback(error, secret=secret)
            log.error("state %r of %s failed in call %s: %s", state.name, state.owner, _shown(call.sid), trace)
            _clean_up(clean_ups, call.sid, secret=secret)
        arguments = {"call": call, "state": state, "error": redacted(error) if secret else error}
        # The first valid answer decides. An invalid one is logged, and the next plugin is asked.
        for impl in hook_impls:
            chosen = _call(impl, arguments, call.sid, secret=secret)
            if _is_accepted(chosen, lambda value: isinstance(value, str) and plain_text(value) in states):
                return plain_text(chosen)
            if chosen is not None:
                answer = describe_value(chosen)
                log.error("%s of %s must return the name of a state or None, not %s", impl.hook, impl.owner, answer)
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

    def is_start(chosen: Any) -> bool:
        exit = Goto(plain_text(chosen)) if isinstance(chosen, str) else chosen
        return isinstance(exit, Goto) and exit.target in states and _is_spoken(exit.language, languages)

    def choose_start(call: Call) -> Goto | None:
        for impl in hook_impls:
            # A plugin may prepare call.data here. If it fails, its changes must not reach the next plugin.
            chosen = _call(impl, {"call": call}, call.sid, data=call.data, max_data_bytes=max_data_bytes)
            if _is_accepted(chosen, is_start):
                return Goto(plain_text(chosen)) if isinstance(chosen, str) else cast(Goto, chosen)
            if chosen is not None:
                log.error(
                    "%s of %s must return None, the name of a state, or a Goto to a state in a language of the phone "
                    "tree, not %s",
                    impl.hook,
                    impl.owner,
                    describe_value(chosen),
                )
        return None

    return choose_start


def _is_accepted(chosen: Any, check: Callable[[Any], bool]) -> bool:
    """Return whether a check accepts the return value of a hook implementation.

    The value can be an object of a plugin's own class, whose methods raise errors. Such a value is not accepted.
    """
    try:
        return check(chosen)
    except plugin_errors():
        return False


def _is_spoken(language: str | None, languages: Collection[str]) -> bool:
    return language is None or closest_tag(language, languages) is not None


def make_edit_response(hook_impls: Sequence[HookImpl]) -> Callable[[Call, State, bytes], bytes] | None:
    """Return the function that lets the plugins edit a TwiML document, or ``None`` without hook implementations.

    :param hook_impls: the implementations of ``ivrkit_edit_response``, in the order of calling.
    """
    if not hook_impls:
        return None

    def edit_response(call: Call, state: State, twiml: bytes) -> bytes:
        # The response may repeat what the caller has entered, and so may an error.
        secret = call.outcome == HIDDEN_INPUT
        for impl in hook_impls:
            # Each plugin edits its own copy. If it fails, the document stays as it was before this plugin.
            edit = partial(_edit_copy, impl, call, state, twiml)
            edited = catch_failure(partial(run_plugin_code, impl.code(secret=secret), edit))
            if type(edited) is Failure:
                _handle_failure(impl, call.sid, edited.error, secret=secret)
            else:
                twiml = edited
        return twiml

    return edit_response


def _edit_copy(impl: HookImpl, call: Call, state: State, twiml: bytes) -> bytes:
    """Return a TwiML document as a plugin edits it.

    :raises FlowError: if the edited document must not be sent. An error of the plugin is not caught.
    """
    response = ElementTree.fromstring(twiml)  # noqa: S314  a document that ivrkit made
    impl({"call": call, "state": state, "response": response})
    edited: bytes = ElementTree.tostring(response, encoding="utf-8", xml_declaration=True)
    _check_edit(twiml, edited)
    return edited


def _check_edit(before: bytes, edited: bytes) -> None:
    """Raise an error if an edited document must not be sent in place of the document before the edit.

    :raises FlowError: if the root element is not ``Response``; if the document is too long for Twilio; or if the
        document neither waits nor ends the call in a way that Twilio knows, although the document before the edit did.
    """
    root = ElementTree.fromstring(edited)  # noqa: S314  a document that ivrkit made, edited
    if root.tag != "Response":
        raise ValueError(f"the root element must be Response, not {root.tag}")
    if len(edited) > MAX_DOCUMENT_BYTES:
        hint = "add less to the response"
        raise FlowError(f"the response must have at most {MAX_DOCUMENT_BYTES} bytes, not {len(edited)}", hint=hint)
    last_verbs = WAITING_VERBS | ENDING_VERBS
    removed = {each.tag for each in ElementTree.fromstring(before)} & last_verbs  # noqa: S314
    if removed and last_verbs.isdisjoint(each.tag for each in root):
        raise FlowError(
            f"the response must keep its {' and '.join(sorted(removed))}, because without it the call would end",
            hint="edit the verbs of the response, or put another verb in its place",
        )


def notify_observers(
    hook_impls: Sequence[HookImpl], arguments: Mapping[str, Any], sid: str, *, secret: bool = False
) -> None:
    """Call all implementations of a hook that only observes calls. Log each implementation that fails.

    :param hook_impls: the implementations, in the order of calling.
    :param arguments: name -> value, for all arguments of the hook.
    :param sid: the CallSid, for the log.
    :param secret: whether the input was secret, so that the log must not contain the message of an error.
    """
    for impl in hook_impls:
        _call(impl, arguments, sid, secret=secret)


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
    run = partial(impl, arguments)
    run = run if data is None else partial(run_sandboxed, data, run, max_data_bytes)
    result = catch_failure(partial(run_plugin_code, impl.code(secret=secret), run))
    if type(result) is Failure:
        _handle_failure(impl, sid, result.error, secret=secret)
        return None
    return result


def _handle_failure(impl: HookImpl, sid: str, error: BaseException, *, secret: bool) -> None:
    """Log the failure of a hook implementation, and let the plugins clean up.

    If the host refused to run the implementation, do nothing: the host logs its refusals.
    """
    if isinstance(error, CodeRefused):
        return
    trace = describe_traceback(error, secret=secret)
    where = f" in call {_shown(sid)}" if sid else ""  # the commands of people are no calls
    log.error("%s of %s failed%s: %s", impl.hook, impl.owner, where, trace)
    _clean_up(impl.clean_ups, sid, secret=secret)


def _clean_up(clean_ups: Sequence[HookImpl], sid: str, *, secret: bool) -> None:
    """Call all implementations of ``ivrkit_clean_up``. Log each implementation that fails."""
    for impl in clean_ups:
        _call(impl, {}, sid, secret=secret)


def _shown(sid: str) -> str:
    """Return a CallSid for a line of the log. In dev mode without a token, a request can have any CallSid."""
    return escape_control_characters(sid)
