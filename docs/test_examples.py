"""Every example in the pages does what the page says.

One test is one page: examples build on those above them, while tests run in any order and side by side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.desk import ROOT, Desk, at_a_desk, is_setting
from docs.examples import run_page

import ivrkit.web.extension

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "plugins/acme_states/README.md")
    if "_build" not in path.parts
)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A folder of the page's own as working folder, and an environment without settings."""
    stores = []
    open_sessions = ivrkit.web.extension.open_sessions

    def opened(*given):
        stores.append(open_sessions(*given))
        return stores[-1]

    monkeypatch.setattr(ivrkit.web.extension, "open_sessions", opened)
    for variable in filter(is_setting, os.environ):
        monkeypatch.delenv(variable)
    with at_a_desk() as made:
        monkeypatch.chdir(made.folder)
        yield made
        for store in stores:
            store.close()


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_a_page_do_what_the_page_says(page: str, desk: Desk) -> None:
    """What a reader types gives what the page shows."""
    run_page(Path(ROOT, page), desk)
