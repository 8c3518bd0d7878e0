"""Fixtures that call a phone tree.

pytest loads this wherever ivrkit is installed, in every run of everybody, so it imports nothing of ivrkit until one of
the fixtures is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ivrkit.simulator import SimulatedCall
    from ivrkit.testing import Phone


class MakePhone(Protocol):
    """Makes phones: ``make_phone(plugins=["acme-states"], company="ACME")``.

    It takes what :func:`ivrkit.testing.make_app` takes besides its folder: names of installed plugins, plugin objects,
    a folder with settings, and single settings.
    """

    def __call__(self, **made_of: Any) -> Phone:
        """Return a phone to an app of its own."""


#: The phones that a test used.
_PHONES = pytest.StashKey["list[Phone]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "ivrkit(plugins=[...], **settings): what the fixture `phone` calls")


@pytest.fixture
def make_phone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakePhone]:
    """Make phones, each to an app of its own: ``make_phone(plugins=["acme-states"], company="ACME")``."""
    from ivrkit.testing import Phone, make_app

    phones: list[Phone] = []
    request.node.stash[_PHONES] = phones

    def make(**made_of: Any) -> Phone:
        folder = tmp_path / f"ivrkit-{len(phones)}"
        folder.mkdir()
        phones.append(Phone(make_app(folder, **made_of)))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, make_phone: MakePhone) -> Phone:
    """Return a phone to all installed plugins, or to what ``@pytest.mark.ivrkit(plugins=[...], ...)`` names."""
    marker = request.node.get_closest_marker("ivrkit")
    return make_phone(**(marker.kwargs if marker else {}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the calls of a test that failed, each with the TwiML of its last step."""
    report = yield
    if report.failed:
        calls = [call for phone in item.stash.get(_PHONES, []) for call in phone.calls]
        report.sections += [(f"ivrkit call {number}", _told(call)) for number, call in enumerate(calls, 1)]
    return report


def _told(call: SimulatedCall) -> str:
    return f"{call.transcript()}\n\nThe last document:\n{call.answers[-1].body if call.answers else 'none'}"
