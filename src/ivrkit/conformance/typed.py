"""Types: the mark that a package is typed, and annotations where ivrkit calls it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ivrkit.conformance.subject import Nonconformity, Subject
from ivrkit.flow.model.routes import LeadsTo


def it_is_typed(subject: Subject) -> None:
    """``py.typed`` is in the package, and state functions and handlers have annotations."""
    files = [str(each) for each in subject.dist.files or ()]
    marked = any(file.endswith("py.typed") for file in files) or any(
        (subject.project / "src" / package / "py.typed").exists() or (subject.project / package / "py.typed").exists()
        for package in subject.packages
    )
    if not marked:
        raise Nonconformity(
            f"{subject.name}: its package has no file py.typed", hint="add an empty one, and ship it in the wheel"
        )
    for what, function in _functions(subject):
        signature = inspect.signature(function)
        bare = [each.name for each in signature.parameters.values() if each.annotation is each.empty]
        bare += ["its result"] if signature.return_annotation is signature.empty else []
        if bare and getattr(function, "__name__", "") != "<lambda>":
            raise Nonconformity(
                f"{subject.name}: {what} has no annotation of {', '.join(bare)}",
                hint="annotate it: def read_out(call: Call) -> str",
            )


def _functions(subject: Subject) -> Iterator[tuple[str, Callable[..., Any]]]:
    for point in subject.dist.entry_points:
        found = point.load() if point.group == "ivrkit.states" else None
        if inspect.isfunction(found):
            yield f"the function of the state {point.name!r}", found
    for module in subject.modules():
        for name, found in vars(module).items():
            if inspect.isfunction(found) and hasattr(found, "ivrkit_impl") and found.__module__ == module.__name__:
                yield f"the hook {name!r}", found
    for name, compiled in subject.states().items():
        enter, exit = compiled.state.enter, compiled.state.exit
        if inspect.isfunction(enter):
            yield f"the enter of the state {name!r}", enter
        if isinstance(exit, LeadsTo):
            yield f"the exit of the state {name!r}", getattr(exit.function, "function", exit.function)
