"""The seam between the engine and the code of plugins: each call of a plugin's code during a turn passes here.

The host sets a runner for each turn. The runner decides whether the code runs, and observes the code while it runs.
Without a runner, the code just runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol, TypeVar

from ivrkit.errors import FlowError
from ivrkit.flow.model.state import Owner, State

Result = TypeVar("Result")

#: The functions of a state, as values of ``PluginCode.function``.
ENTER, EXIT = "enter", "exit"


class PluginCode(NamedTuple):
    """A function of a plugin that is called during a turn.

    :param function: ``enter``, ``exit``, or the name of a hook.
    :param owner: the plugin.
    :param state: the state whose function it is. ``None`` for a hook implementation, even if one of its arguments is a
        state: that state may be of another plugin.
    :param secret: whether the input of the caller is secret, so that no log may have the result or the error.
    """

    function: str
    owner: Owner
    state: State | None
    secret: bool = False

    def __str__(self) -> str:
        """Return for example ``state 'sales' of acme 1.0`` or ``ivrkit_call_ended of acme 1.0``."""
        if self.state is not None:
            return f"state {self.state.name!r} of {self.owner}"
        return f"{self.function} of {self.owner}"


class CodeRefused(FlowError):  # noqa: N818  a decision of the host, not an error
    """The host did not run the code of a plugin. The call goes on as after a failure of this code.

    Raised for example if too many calls are in the code already. Such a failure is not an error of the code itself.
    """


class Runner(Protocol):
    """A function that runs the code of plugins in one turn."""

    def __call__(self, code: PluginCode, run: Callable[[], Any], /) -> Any:
        """Run the code of a plugin, and return its result.

        :param code: the function of the plugin.
        :param run: a function that calls the function of the plugin.
        :raises CodeRefused: if the code must not run. An error of the code itself is raised again.
        """


_runner: ContextVar[Runner | None] = ContextVar("ivrkit_plugin_code_runner", default=None)


@contextmanager
def runner_of_turn(runner: Runner) -> Iterator[None]:
    """Return a context manager that sets the runner of a turn for the current thread or task.

    :param runner: the runner. After the turn, the runner before is set again.
    """
    token = _runner.set(runner)
    try:
        yield
    finally:
        _runner.reset(token)


def run_plugin_code(code: PluginCode, run: Callable[[], Result]) -> Result:
    """Run the code of a plugin with the runner of the turn, and return its result.

    :param code: the function of the plugin.
    :param run: a function that calls the function of the plugin.
    :raises CodeRefused: if the host does not run the code. An error of the code itself is not caught.
    """
    runner = _runner.get()
    if runner is None:
        return run()
    result: Result = runner(code, run)
    return result
