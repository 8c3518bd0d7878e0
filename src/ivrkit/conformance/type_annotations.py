"""The rule that a plugin has the file ``py.typed``, and type annotations in the functions that ivrkit calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError
from ivrkit.flow.model.routes import LeadsTo


def the_package_is_typed(plugin: CheckedPlugin) -> None:
    """Check that the package has ``py.typed``, and that state functions, handlers and hooks have type annotations."""
    files = [str(each) for each in plugin.dist.files or ()]
    # An editable install does not list the files of the package.
    has_py_typed = any(file.endswith("py.typed") for file in files) or any(
        (plugin.project / "src" / package / "py.typed").exists() or (plugin.project / package / "py.typed").exists()
        for package in plugin.packages
    )
    if not has_py_typed:
        raise ConformanceError(
            f"{plugin.name}: the package must have a file py.typed",
            hint="add an empty file py.typed, and include it in the wheel",
        )
    for what, function in _functions(plugin):
        signature = inspect.signature(function)
        missing = [each.name for each in signature.parameters.values() if each.annotation is each.empty]
        missing += ["the return value"] if signature.return_annotation is signature.empty else []
        if missing and getattr(function, "__name__", "") != "<lambda>":
            raise ConformanceError(
                f"{plugin.name}: {what} must have annotations for {', '.join(missing)}",
                hint="annotate the function: def read_out(call: Call) -> str",
            )


def _functions(plugin: CheckedPlugin) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the functions of the plugin that ivrkit calls, each with a description for error messages."""
    for entry_point in plugin.dist.entry_points:
        found = entry_point.load() if entry_point.group == "ivrkit.states" else None
        if inspect.isfunction(found):
            yield f"the function of the state {entry_point.name!r}", found
    for module in plugin.modules():
        for name, found in vars(module).items():
            if inspect.isfunction(found) and hasattr(found, "ivrkit_impl") and found.__module__ == module.__name__:
                yield f"the hook {name!r}", found
    for name, compiled in plugin.states().items():
        enter, exit = compiled.state.enter, compiled.state.exit
        if inspect.isfunction(enter):
            yield f"the enter of the state {name!r}", enter
        if isinstance(exit, LeadsTo):
            yield f"the exit of the state {name!r}", getattr(exit.function, "function", exit.function)
