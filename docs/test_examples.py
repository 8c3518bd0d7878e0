"""The examples in the docs work.

There is one test per page, because the examples of a page build on each other, and tests run in any order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.examples import run_page
from docs.workspace import ROOT, Workspace, is_setting, new_workspace

import ivrkit.web.extension

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "plugins/acme_states/README.md")
    if "_build" not in path.parts
)


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Return a new workspace; its folder is the working folder, and the environment has no settings."""
    stores = []
    open_sessions = ivrkit.web.extension.open_sessions

    def open_and_record(*args):
        stores.append(open_sessions(*args))
        return stores[-1]

    monkeypatch.setattr(ivrkit.web.extension, "open_sessions", open_and_record)
    for variable in filter(is_setting, os.environ):
        monkeypatch.delenv(variable)
    with new_workspace() as workspace:
        monkeypatch.chdir(workspace.folder)
        yield workspace
        for store in stores:
            store.close()


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_work(page: str, workspace: Workspace) -> None:
    """Each example of a page runs without an error, and its output is the one on the page."""
    run_page(Path(ROOT, page), workspace)
