"""pytest plugin with the fixtures ``phone`` and ``make_phone``, and with the conformance kit.

pytest loads this module in every run if ivrkit is installed. So the module imports ivrkit only when a fixture or a
check needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from ivrkit.simulator import SimulatedCall
    from ivrkit.testing import Phone


# The assertions of the store contract show what they compared. This registers the name without importing the module.
pytest.register_assert_rewrite("ivrkit.conformance.stores")


class MakePhone(Protocol):
    """The type of the fixture ``make_phone``, for annotations of tests.

    Example: ``make_phone(plugins=["acme-states"], company="ACME")``. The arguments are the arguments of
    :func:`ivrkit.testing.make_app`, except ``folder``.
    """

    def __call__(self, **arguments: Any) -> Phone:
        """Return a phone that calls a new app."""


#: The phones that a test used.
_PHONES = pytest.StashKey["list[Phone]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance kit."""
    group = parser.getgroup("ivrkit")
    group.addoption(
        "--ivrkit-conformance",
        action="append",
        default=[],
        metavar="DISTRIBUTION",
        help="Check that an installed plugin of ivrkit keeps the rules of all plugins. May be repeated.",
    )
    group.addoption(
        "--ivrkit-conformance-docs",
        action="store_true",
        help="With --ivrkit-conformance, check the README and the changelog as well.",
    )


class ConformanceHooks:
    """The hook of the conformance kit. A ``conftest.py`` may implement this hook."""

    @pytest.hookspec(firstresult=True)
    def pytest_ivrkit_conformance(self, distribution: str, folder: Path) -> Mapping[str, Any] | None:
        """Return the arguments of ``make_phone`` for the phone trees that the checks of a plugin call.

        The hook is called before each phone tree is made.

        :param distribution: the name of the plugin's distribution.
        :param folder: an empty folder for files that the settings refer to.
        """


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hook of the conformance kit."""
    pluginmanager.add_hookspecs(ConformanceHooks)


class ConformanceItem(pytest.Item):
    """One check of the conformance kit, as an item that pytest runs."""

    def __init__(self, *, run: Callable[[], None], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._run = run

    def runtest(self) -> None:
        """Run the check."""
        self._run()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the text for a failed check. The text has a traceback only if the exception is no ``IvrkitError``."""
        from ivrkit.errors import IvrkitError

        if isinstance(excinfo.value, IvrkitError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the name of the check for pytest's report."""
        return self.path, None, self.name


class ConformanceCollector(pytest.Collector):
    """The pytest collector of the checks of one plugin."""

    def __init__(self, *, distribution: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._distribution = distribution

    def collect(self) -> Iterator[ConformanceItem]:
        """Yield a :class:`ConformanceItem` for each check of the plugin."""
        from ivrkit.conformance.checked_plugin import CheckedPlugin
        from ivrkit.conformance.suite import checks_of

        def settings_for(name: str, folder: Path) -> Any:
            return self.config.hook.pytest_ivrkit_conformance(distribution=name, folder=folder)

        plugin = CheckedPlugin(self._distribution, self.config.rootpath, settings_for)
        for check in checks_of(plugin, docs=self.config.getoption("ivrkit_conformance_docs")):
            yield ConformanceItem.from_parent(self, name=check.name, run=check.run)


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the checks of the conformance kit to the collected tests."""
    for name in config.getoption("ivrkit_conformance"):
        from ivrkit.errors import IvrkitError

        collector = ConformanceCollector.from_parent(
            session, name=f"conformance[{name}]", path=config.rootpath, distribution=name
        )
        # pytest collects from files, and the checks have none. So they are added to the collected items.
        try:
            items.extend(collector.collect())
        except IvrkitError as error:
            raise pytest.UsageError(str(error)) from error


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker ``ivrkit``."""
    config.addinivalue_line(
        "markers", "ivrkit(plugins=[...], **settings): the plugins and settings of the fixture `phone`"
    )


@pytest.fixture
def make_phone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakePhone]:
    """Return a function that makes a phone for a new app: ``make_phone(plugins=["acme-states"], company="ACME")``."""
    from ivrkit.testing import Phone, make_app

    phones: list[Phone] = []
    request.node.stash[_PHONES] = phones

    def make(**arguments: Any) -> Phone:
        folder = tmp_path / f"ivrkit-{len(phones)}"
        folder.mkdir()
        phones.append(Phone(make_app(folder, **arguments)))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, make_phone: MakePhone) -> Phone:
    """Return a phone for all installed plugins, or for the plugins in ``@pytest.mark.ivrkit(plugins=[...], ...)``."""
    marker = request.node.get_closest_marker("ivrkit")
    return make_phone(**(marker.kwargs if marker else {}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the transcript and the last response of each call to the report of a failed test."""
    report = yield
    if report.failed:
        calls = [call for phone in item.stash.get(_PHONES, []) for call in phone.calls]
        report.sections += [(f"ivrkit call {number}", _call_report(call)) for number, call in enumerate(calls, 1)]
    return report


def _call_report(call: SimulatedCall) -> str:
    return f"{call.transcript()}\n\nThe last response:\n{call.responses[-1].body if call.responses else 'none'}"
