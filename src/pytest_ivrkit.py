"""Fixtures that call a phone tree.

pytest loads this wherever ivrkit is installed, in every run of everybody, so it imports nothing of ivrkit until one of
the fixtures is used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from ivrkit.simulator import SimulatedCall
    from ivrkit.testing import Phone


# So that a store's tests show what they compared; it is only the name that is noted here.
pytest.register_assert_rewrite("ivrkit.conformance.stores")


class MakePhone(Protocol):
    """Makes phones: ``make_phone(plugins=["acme-states"], company="ACME")``.

    It takes what :func:`ivrkit.testing.make_app` takes besides its folder: names of installed plugins, plugin objects,
    a folder with settings, and single settings.
    """

    def __call__(self, **made_of: Any) -> Phone:
        """Return a phone to an app of its own."""


#: The phones that a test used.
_PHONES = pytest.StashKey["list[Phone]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the conformance kit."""
    parser.getgroup("ivrkit").addoption(
        "--ivrkit-conformance",
        action="append",
        default=[],
        metavar="DISTRIBUTION",
        help="Check what every plugin of ivrkit keeps, on an installed one. May be repeated.",
    )


class ConformanceHooks:
    """What the tests of a plugin may tell the conformance kit, in a ``conftest.py``."""

    @pytest.hookspec(firstresult=True)
    def pytest_ivrkit_conformance(self, distribution: str, folder: Path) -> Mapping[str, Any] | None:
        """Return what ``make_phone`` takes, for the trees in which a distribution is checked: settings, objects.

        :param distribution: its name.
        :param folder: a new folder, for files that the settings name.
        """


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the kit's hook known."""
    pluginmanager.add_hookspecs(ConformanceHooks)


class ConformanceItem(pytest.Item):
    """One check of the conformance kit."""

    def __init__(self, *, run: Callable[[], None], **given: Any) -> None:
        super().__init__(**given)
        self._run = run

    def runtest(self) -> None:
        """Run the check."""
        self._run()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell what is not kept, without a traceback; anything else as pytest does."""
        from ivrkit.errors import IvrkitError

        if isinstance(excinfo.value, IvrkitError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what the report calls it."""
        return self.path, None, self.name


class ConformanceCollector(pytest.Collector):
    """The checks of one distribution."""

    def __init__(self, *, distribution: str, **given: Any) -> None:
        super().__init__(**given)
        self._distribution = distribution

    def collect(self) -> Iterator[ConformanceItem]:
        """Return a check for each thing that is kept."""
        from ivrkit.conformance.subject import Subject
        from ivrkit.conformance.suite import checks_of

        def settings_for(name: str, folder: Path) -> Any:
            return self.config.hook.pytest_ivrkit_conformance(distribution=name, folder=folder)

        for check in checks_of(Subject(self._distribution, self.config.rootpath, settings_for)):
            yield ConformanceItem.from_parent(self, name=check.name, run=check.run)


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the checks of the conformance kit to the tests that were found."""
    for name in config.getoption("ivrkit_conformance"):
        from ivrkit.errors import IvrkitError

        collector = ConformanceCollector.from_parent(
            session, name=f"conformance[{name}]", path=config.rootpath, distribution=name
        )
        try:
            items.extend(collector.collect())
        except IvrkitError as error:
            raise pytest.UsageError(str(error)) from error


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
    return f"{call.transcript()}\n\nThe last document:\n{call.responses[-1].body if call.responses else 'none'}"
