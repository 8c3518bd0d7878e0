"""Fixtures that call a phone tree. pytest loads this wherever ivrkit is installed, so it imports nothing of ivrkit
until one of them is used."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ivrkit.testing import Phone

#: The phones that a test used.
_PHONES: pytest.StashKey[list[Phone]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "ivrkit(plugins=..., **settings): what the app of the fixture `phone` is made of"
    )


@pytest.fixture
def make_phone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Make phones: ``make_phone(plugins=["acme-states"], company="ACME")``.

    It takes what :func:`ivrkit.testing.make_app` takes: names of installed plugins, plugin objects, settings.
    """
    from ivrkit.testing import Phone, make_app

    phones = request.node.stash.setdefault(_PHONES, [])

    def make(**made_of: Any) -> Phone:
        folder = tmp_path / f"phone-{len(phones)}"
        folder.mkdir()
        phones.append(Phone(make_app(folder, **made_of)))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, make_phone: Any) -> Phone:
    """Return a phone to an app of all installed plugins, or of what ``@pytest.mark.ivrkit(...)`` names."""
    marker = request.node.get_closest_marker("ivrkit")
    return make_phone(**(marker.kwargs if marker else {}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the calls of a test that failed, with the TwiML of the last step."""
    report = yield
    if report.failed:
        for number, call in enumerate((call for phone in item.stash.get(_PHONES, []) for call in phone.calls), 1):
            report.sections.append((f"ivrkit call {number}", f"{call.transcript()}\n\n{call.answers[-1].body}"))
    return report
