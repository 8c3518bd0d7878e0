"""The functions that call a plugin's ``enter`` function, exit function or start hook, and check the result.

The functions of a state run in the sandbox, with the checks of their results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

from ivrkit.errors import FlowError
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.compiled_state import CompiledState, LocalizedState
from ivrkit.flow.compile.fragments import Content
from ivrkit.flow.compile.languages import language_error
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.caller_ids import ANONYMOUS, normalize_caller_id
from ivrkit.flow.model.routes import Goto, LeadsTo, Target, destination_of, is_target
from ivrkit.flow.model.state import EnterFunction
from ivrkit.flow.run.call_limit import TOO_MANY_CALLS, has_called_too_often
from ivrkit.flow.run.plugin_code import ENTER, EXIT, PluginCode, run_plugin_code
from ivrkit.flow.run.sandbox import Failure, catch_failure, keep_attributes, run_sandboxed
from ivrkit.plugin_errors import describe_value, plain_text

Result = TypeVar("Result")


def choose_start(flow: CallFlow, call: Call, language: str) -> Goto:
    """Return the target and the language with which a call starts.

    A plugin can choose the start by the hook ``ivrkit_choose_start``. If no plugin chooses a start, the settings
    ``callers``, ``numbers`` and ``start`` decide, in this order. A call from a number that calls too often ends at
    once, with words.

    :param flow: the compiled states.
    :param call: the call at its first webhook.
    :param language: the language of the call before its start is chosen.
    """
    configured = configured_start(flow, call)
    if has_called_too_often(call, flow.config.max_calls_per_hour):
        return Goto(None, say=TOO_MANY_CALLS, language=configured.language)
    chosen = flow.hooks.choose_start(call) if flow.hooks.choose_start else None
    if chosen is None:
        return configured
    tag = flow.closest_language(chosen.language or language)
    if isinstance(catch_failure(partial(flow.goto_fragment, chosen, tag, None)), Failure):
        # Prompts that cannot be rendered must not cost the call.
        chosen = replace(chosen, say=())
    return chosen if chosen.language else replace(chosen, language=configured.language)


def configured_start(flow: CallFlow, call: Call) -> Goto:
    """Return the target and the language with which a call starts by the settings, without the code of plugins.

    :param flow: the compiled states.
    :param call: the call at its first webhook.
    """
    config = flow.config
    by_caller = config.callers.get(normalize_caller_id(call.from_ or ANONYMOUS)) if config.callers else None
    by_number = config.numbers.get(normalize_caller_id(call.to)) if config.numbers else None
    return by_caller or by_number or Goto(config.start)


def call_enter(
    flow: CallFlow, compiled: CompiledState, localized: LocalizedState, call: Call, *, secret: bool
) -> Content:
    """Call the ``enter`` function of a state, and return its content after rendering and all checks.

    :param secret: whether the input of this webhook is secret.

    :raises FlowError: if the content does not fit the exit of the state, or if the host refuses to run the function. An
        error of the function itself is not caught.
    """
    enter = cast(EnterFunction, compiled.state.enter)

    def run() -> Content:
        return compiled.render_enter(enter(call), localized)

    return _run(flow, ENTER, compiled, call, run, secret=secret)


def call_exit(
    flow: CallFlow, compiled: CompiledState, exit: LeadsTo, call: Call, language: str, *, secret: bool
) -> Target:
    """Call the exit function of a state, and return its target after all checks.

    :param flow: the compiled states.
    :param compiled: the state.
    :param exit: the exit function with its declared targets.
    :param call: the call, which is the argument of the function.
    :param language: the language of the call.
    :param secret: whether the input of this webhook is secret.
    :raises FlowError: if ``@leads_to`` does not name the target, or if the prompts or the language of the target are
        invalid, or if the host refuses to run the function. An error of the function itself is not caught.
    """

    def run() -> Target:
        return _checked_target(flow, compiled, exit, call, language)

    return _run(flow, EXIT, compiled, call, run, secret=secret)


def _run(
    flow: CallFlow, function: str, compiled: CompiledState, call: Call, run: Callable[[], Result], *, secret: bool
) -> Result:
    """Run a function of a state in the sandbox, unless the host refuses it, and return the result.

    :param function: ``enter`` or ``exit``.
    :param run: a function that calls the function of the state, and checks its result.
    :param secret: whether the input of this webhook is secret.
    """
    # The sandbox is inside, so that invalid call.data counts as a failure of this code.
    sandboxed = partial(run_sandboxed, call.data, partial(keep_attributes, call, run), flow.config.max_data_bytes)
    state = compiled.state
    return run_plugin_code(PluginCode(function, state.owner, state, secret or state.secret), sandboxed)


def _checked_target(flow: CallFlow, compiled: CompiledState, exit: LeadsTo, call: Call, language: str) -> Target:
    """Return the target of an exit function after all checks."""
    target = exit(call)
    named = [destination_of(each) for each in exit.targets]
    if not (is_target(target) and destination_of(target) in named):
        raise FlowError(
            f"its exit function {getattr(exit.function, '__name__', 'function')!r} must return one of {named}, "
            f"not {describe_value(target)}",
            hint="name every target that it returns in @leads_to",
        )
    if isinstance(target, str):
        return plain_text(target)
    if isinstance(target, Goto):
        error = language_error("its exit", target.language, flow.languages)
        if error:
            raise error
        # Rendered here, in the sandbox, so that an invalid prompt is a failure of this state.
        flow.goto_fragment(target, flow.closest_language(target.language or language), compiled)
    return target
