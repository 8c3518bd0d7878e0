"""pytest plugin with the fixtures ``phone`` and ``make_phone``, and with the conformance kit.

pytest loads this module in every run if ivrkit is installed. So the module imports ivrkit only when a fixture or a
check needs it.
"""

from __future__ import annotations

import importlib
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from ivrkit.simulator import SimulatedCall
    from ivrkit.testing import AppFactory, Phone


# The assertions of the store contract show what they compared. This registers the name without importing the module.
pytest.register_assert_rewrite("ivrkit.conformance.stores")


class MakePhone(Protocol):
    """The type of the fixture ``make_phone``, for annotations of tests.

    Example: ``make_phone(plugins=["acme-states"], company="ACME")``. The arguments are the arguments of
    :func:`ivrkit.testing.make_app`, except ``folder``. The argument ``app_factory`` has a
    default: the result of the fixture ``ivrkit_app``.
    """

    def __call__(self, **arguments: Any) -> Phone:
        """Return a phone that calls a new app."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the fixtures and of the conformance kit."""
    group = parser.getgroup("ivrkit")
    app_help = "The function that returns a new Flask app for each phone tree, such as shop.testing:create_app."
    group.addoption("--ivrkit-app", metavar="MODULE:FUNCTION", help=app_help)
    parser.addini("ivrkit_app", app_help)
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

        plugin = CheckedPlugin(self._distribution, self.config.rootpath, settings_for, _app_factory(self.config))
        for check in checks_of(plugin, docs=self.config.getoption("ivrkit_conformance_docs")):
            yield ConformanceItem.from_parent(self, name=check.name, run=check.run)


def _app_factory(config: pytest.Config) -> AppFactory | None:
    """Return the function that the option ``--ivrkit-app`` or the ini value ``ivrkit_app`` names, or ``None``.

    :raises pytest.UsageError: if there is no such function.
    """
    name = config.getoption("ivrkit_app") or config.getini("ivrkit_app")
    if not name:
        return None
    module, _, function = name.partition(":")
    try:
        found: AppFactory = getattr(importlib.import_module(module), function)
    except (ImportError, ValueError, AttributeError) as error:
        raise pytest.UsageError(
            f"ivrkit_app must be MODULE:FUNCTION, not {name!r}: {error}\n  hint: name a function in a module that the "
            "tests can import, such as shop.testing:create_app"
        ) from error
    return found


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the checks of the conformance kit to the collected tests."""
    for name in config.getoption("ivrkit_conformance"):
        from ivrkit.errors import IvrkitError

        collector = ConformanceCollector.from_parent(
            session, name=f"conformance[{name}]", path=config.rootpath, distribution=name
        )
        # pytest collects from files, and the checks have none. So they are added to the collected items.
        try:
            checks = list(collector.collect())
        except IvrkitError as error:
            raise pytest.UsageError(str(error)) from error
        # pytest counts the collected items by these reports.
        config.hook.pytest_collectreport(report=pytest.CollectReport(collector.nodeid, "passed", None, [*checks]))
        items.extend(checks)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker ``ivrkit``."""
    config.addinivalue_line(
        "markers", "ivrkit(plugins=[...], **settings): the plugins and settings of the fixture `phone`"
    )


@pytest.fixture
def ivrkit_app(pytestconfig: pytest.Config) -> AppFactory | None:
    """Return the function that makes a Flask app for each phone of ``make_phone``, or ``None`` for apps of ivrkit.

    Override this fixture in a ``conftest.py`` to test with your own app.
    """
    return _app_factory(pytestconfig)


@pytest.fixture
def make_phone(ivrkit_app: AppFactory | None, tmp_path: Path) -> Iterator[MakePhone]:
    """Return a function that makes a phone for a new app: ``make_phone(plugins=["acme-states"], company="ACME")``."""
    from ivrkit.testing import Phone, make_app

    phones: list[Phone] = []

    def make(**arguments: Any) -> Phone:
        folder = tmp_path / f"ivrkit-{len(phones)}"
        folder.mkdir()
        phones.append(Phone(make_app(folder, **{"app_factory": ivrkit_app, **arguments})))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, make_phone: MakePhone) -> Phone:
    """Return a phone for all installed plugins, or for the plugins in ``@pytest.mark.ivrkit(plugins=[...], ...)``."""
    marker = request.node.get_closest_marker("ivrkit")
    return make_phone(**(marker.kwargs if marker else {}))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget the calls of earlier tests."""
    _latest_calls().clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the transcript and the last response of each call of any phone to the report of a failed test.

    A check of the conformance kit makes hundreds of calls. Its message names the calls that matter.
    """
    report = yield
    if report.failed and not isinstance(item, ConformanceItem):
        calls = enumerate(_latest_calls(), 1)
        report.sections += [(f"ivrkit call {number}", _call_report(call)) for number, call in calls]
    return report


def _latest_calls() -> deque[SimulatedCall]:
    """Return the calls of all phones since the test began. Without a phone, ivrkit has not been imported."""
    testing = sys.modules.get("ivrkit.testing")
    calls: deque[SimulatedCall] = testing.latest_calls if testing else deque()
    return calls


def _call_report(call: SimulatedCall) -> str:
    return f"{call.transcript()}\n\nThe last response:\n{call.responses[-1].body if call.responses else 'none'}"
