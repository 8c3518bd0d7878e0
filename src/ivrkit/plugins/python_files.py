"""Plugins that are single Python files. A plugin has the hook implementations and the states that its file defines."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace

from ivrkit.errors import IvrkitError
from ivrkit.flow.model.state import State
from ivrkit.hookspecs import hookimpl
from ivrkit.plugin_errors import describe_error, hint_of_error, plugin_errors

_HOOK_PREFIX = "ivrkit_"
#: The attribute that pluggy sets on a function that is marked as a hook implementation.
_HOOKIMPL_ATTRIBUTE = "ivrkit_impl"


def load_python_file(path: Path) -> object:
    """Run a Python file, and return a plugin with the hook implementations and the states of the file.

    :raises IvrkitError: if the file raises an error, or has neither a hook implementation nor a state.
    """
    module = _run(path)
    states = dict(_states_of(module))
    # Functions without the mark are included, so that the registry reports a forgotten mark.
    hooks = {
        name: value
        for name, value in vars(module).items()
        if callable(value) and (name.startswith(_HOOK_PREFIX) or hasattr(value, _HOOKIMPL_ATTRIBUTE))
    }
    if not states and not hooks:
        raise IvrkitError(
            "it has no state and no hook",
            hint="write a State, a function annotated -> State, or a hook implementation; or let the name of the file "
            "begin with _, so that it is not loaded",
        )
    if states:
        # The name differs from the name of the hook, because the file may implement that hook itself.
        hooks["states_of_the_file"] = hookimpl(specname="ivrkit_register_states")(lambda: states)
    return SimpleNamespace(**hooks)


class _SourceLoader(SourceFileLoader):
    """A module loader that compiles the Python file at each start.

    Python's own loader caches compiled code. It compiles a file again only if the size of the file, or its modification
    time in seconds, has changed. It would miss an edit of the same size within one second.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _run(path: Path) -> ModuleType:
    name = module_name(path)
    loader = _SourceLoader(name, str(path))
    spec = ModuleSpec(name, loader, origin=str(path))
    # Without a location the module would have no __file__.
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    # The dataclasses of a module look up their types in sys.modules. Another app may have loaded the same file.
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except plugin_errors() as error:
        sys.modules.pop(name, None)
        if before is not None:
            sys.modules[name] = before
        # The error may come from a library, so the last line within this file is shown.
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = f" ({path.name}, line {lines[-1]})" if lines else ""
        raise IvrkitError(describe_error(error) + line, hint=hint_of_error(error) or "fix the file") from error
    return module


def _states_of(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the states of a module, as pairs of name and value.

    A value is a ``State``, or a function that is annotated ``-> State``.
    """
    for name, value in vars(module).items():
        if name.startswith(("_", _HOOK_PREFIX)) or hasattr(value, _HOOKIMPL_ATTRIBUTE):
            continue
        if isinstance(value, State) or _returns_state(value, module):
            yield name, value


def _returns_state(function: object, module: ModuleType) -> bool:
    """Return whether a value is a function that the module itself defines and annotates ``-> State``."""
    # A function that the file only imports, such as a helper of another plugin, is not a state of the file.
    if not inspect.isfunction(function) or function.__module__ != module.__name__:
        return False
    returned = inspect.get_annotations(function).get("return")
    # With `from __future__ import annotations` the annotation is a text, such as `ivrkit.State`.
    if isinstance(returned, str):
        return returned.strip("'\"").rpartition(".")[2] == State.__name__
    return returned is State


def module_name(path: Path) -> str:
    """Return a module name for a Python file. The name is unique for the path of the file."""
    stem = re.sub(r"\W", "_", path.stem)
    return f"ivrkit_file_{stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def version_of(path: Path) -> str:
    """Return the ``__version__`` that is written in a Python file, or ``""`` without one. The file is not run."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # The error is reported when the file is loaded.
        return ""
    found = re.search(r"""^__version__\s*(?::\s*\w+\s*)?=\s*(['"])(.+?)\1""", text, re.MULTILINE)
    return found[2] if found else ""
