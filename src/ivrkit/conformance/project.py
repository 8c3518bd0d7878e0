"""What comes with a package: what it is, how it changed, and tests of every state."""

from __future__ import annotations

from collections.abc import Iterator

from ivrkit.conformance.subject import Nonconformity, Subject, requirements_of
from ivrkit.flow.model.state import CORE_PLUGIN

_CHANGELOGS = ("changelog", "changes", "history", "news")
_FOLDERS_OF_OTHERS = {".venv", "venv", ".tox", "node_modules", ".git", "build", "dist"}


def it_says_what_it_is(subject: Subject) -> None:
    """A summary, a license, ivrkit among its requirements, and a README that names every state."""
    told = subject.dist.metadata
    for name, found in (
        ("summary", told.get("Summary")),
        ("license", told.get("License-Expression") or told.get("License")),
    ):
        if not found:
            field = "description" if name == "summary" else name
            raise Nonconformity(
                f"{subject.name}: it has no {name}", hint=f"write it into pyproject.toml: [project]  {field} = ..."
            )
    if CORE_PLUGIN not in requirements_of(subject.dist):
        raise Nonconformity(
            f"{subject.name}: it does not require ivrkit", hint='[project]  dependencies = ["ivrkit>=0.1"]'
        )
    readme = (subject.dist.read_text("METADATA") or "").partition("\n\n")[2]
    for state in _wholes(subject):
        if state not in readme:
            raise Nonconformity(
                f"{subject.name}: its README does not name the state {state!r}",
                hint='say what a caller meets there; and in pyproject.toml: [project]  readme = "README.md"',
            )


def it_is_tested(subject: Subject) -> None:
    """The project has tests that name every state, and a changelog."""
    if not [path for path in subject.project.iterdir() if path.stem.lower() in _CHANGELOGS]:
        raise Nonconformity(
            f"{subject.name}: {subject.project.name} has no changelog", hint="begin a file CHANGELOG.md"
        )
    tests = "\n".join(_tests(subject))
    for state in subject.states():
        if state not in tests and state.rpartition(".")[2] not in tests:
            raise Nonconformity(
                f"{subject.name}: no test names the state {state!r}",
                hint=f"write one: def test_{state.replace('-', '_').replace('.', '_')}(phone): ...",
            )


def _wholes(subject: Subject) -> Iterator[str]:
    return (name for name, each in subject.states().items() if not each.state.parent)


def _tests(subject: Subject) -> Iterator[str]:
    for path in subject.project.rglob("test_*.py"):
        if not _FOLDERS_OF_OTHERS & {*path.parts}:
            yield path.read_text(encoding="utf-8", errors="replace")
