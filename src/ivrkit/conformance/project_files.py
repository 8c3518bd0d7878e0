"""The rules for the files of a plugin's project: metadata, tests, README and changelog."""

from __future__ import annotations

from collections.abc import Iterator

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError, requirements_of
from ivrkit.flow.model.state import CORE_PLUGIN

_CHANGELOGS = ("changelog", "changes", "history", "news")
_IGNORED_FOLDERS = {".venv", "venv", ".tox", "node_modules", ".git", "build", "dist"}


def the_metadata_is_complete(plugin: CheckedPlugin) -> None:
    """Check that the metadata has a summary and a license, and requires ivrkit."""
    metadata = plugin.dist.metadata
    for name, key, value in (
        ("summary", "description", metadata.get("Summary")),
        ("license", "license", metadata.get("License-Expression") or metadata.get("License")),
    ):
        if not value:
            raise ConformanceError(
                f"{plugin.name}: the metadata must have a {name}", hint=f"add to pyproject.toml: [project]  {key} = ..."
            )
    if CORE_PLUGIN not in requirements_of(plugin.dist):
        raise ConformanceError(
            f"{plugin.name}: the metadata must require ivrkit",
            hint='add to pyproject.toml: [project]  dependencies = ["ivrkit>=0.1"]',
        )


def every_state_has_a_test(plugin: CheckedPlugin) -> None:
    """Check that the name of each state is in a test file of the project."""
    tests = "\n".join(_test_files(plugin))
    for state in plugin.states():
        if state not in tests and state.rpartition(".")[2] not in tests:
            raise ConformanceError(
                f"{plugin.name}: a test must name the state {state!r}",
                hint=f"write a test: def test_{state.replace('-', '_').replace('.', '_')}(phone): ...",
            )


def the_readme_names_every_state(plugin: CheckedPlugin) -> None:
    """Check that the README in the metadata names each state, except substates."""
    readme = (plugin.dist.read_text("METADATA") or "").partition("\n\n")[2]
    for name, each in plugin.states().items():
        if not each.state.parent and name not in readme:
            raise ConformanceError(
                f"{plugin.name}: the README must name the state {name!r}",
                hint='describe the state in the README that pyproject.toml names: [project]  readme = "README.md"',
            )


def the_project_has_a_changelog(plugin: CheckedPlugin) -> None:
    """Check that there is a changelog in the folder of the project."""
    if not [path for path in plugin.project.iterdir() if path.stem.lower() in _CHANGELOGS]:
        raise ConformanceError(
            f"{plugin.name}: the folder {plugin.project.name} must have a changelog", hint="add a file CHANGELOG.md"
        )


def _test_files(plugin: CheckedPlugin) -> Iterator[str]:
    for path in plugin.project.rglob("test_*.py"):
        if not _IGNORED_FOLDERS & {*path.parts}:
            yield path.read_text(encoding="utf-8", errors="replace")
