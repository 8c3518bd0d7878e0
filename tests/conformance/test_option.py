"""The options of the pytest plugin for the conformance kit: the checks, their names, and their failures."""

import pytest
from tests.conformance.conftest import HEAD, METADATA

CODE = HEAD + "one = State(ask('Which?'), Routes({'1': SAME}, otherwise=HOME))\n"


@pytest.fixture
def ant(pytester, install, monkeypatch):
    """Install a plugin `ant-ivr`, and return a function that runs pytest in the folder of its project."""
    site = install("ant-ivr", states={"one": "ant_ivr:one"}, metadata=METADATA, ant_ivr=CODE)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.chdir(pytester.path)
    pytester.makefile(".ini", pytest="[pytest]\n")

    def run(*arguments):
        no_plugins = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist")
        return pytester.runpytest_inprocess(*no_plugins, *arguments)

    return run


def test_the_checks_run_with_the_tests_of_the_project(ant, pytester):
    """Each check is a test whose name is the rule; the error of a broken rule is shown without a traceback."""
    pytester.makepyfile(test_ant="def test_one(): pass\n")
    result = ant("--ivrkit-conformance", "Ant_IVR", "-v")
    result.stdout.fnmatch_lines(
        [
            "*test_ant.py::test_one PASSED*",
            "*conformance?Ant_IVR?::every outcome is answered?one-en-US? PASSED*",
            "*conformance?Ant_IVR?::the package is typed FAILED*",
            "*conformance?Ant_IVR?::the metadata is complete PASSED*",
            "*conformance?Ant_IVR?::every state has a test PASSED*",
            "ant-ivr: the package must have a file py.typed",
            "  hint: add an empty file py.typed, and include it in the wheel",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*changelog*")
    assert result.parseoutcomes() == {"passed": 10, "failed": 1}


def test_readme_and_changelog_are_checked_with_an_option(ant):
    """The README and the changelog are checked only with ``--ivrkit-conformance-docs``."""
    result = ant("--ivrkit-conformance", "ant-ivr", "--ivrkit-conformance-docs", "-v", "-k", "readme or changelog")
    result.stdout.fnmatch_lines(
        [
            "*conformance?ant-ivr?::the readme names every state PASSED*",
            "*conformance?ant-ivr?::the project has a changelog FAILED*",
            "ant-ivr: the folder * must have a changelog",
            "  hint: add a file CHANGELOG.md",
        ]
    )
    assert result.parseoutcomes() == {"passed": 1, "failed": 1, "deselected": 10}


def test_checks_are_selected_like_tests(ant):
    """The option ``-k`` of pytest selects checks by their names."""
    assert ant("--ivrkit-conformance", "ant-ivr", "-k", "outcome").parseoutcomes() == {"passed": 1, "deselected": 9}


def test_the_calls_of_a_failed_check_are_not_shown(ant, tmp_path):
    """A failed check has no sections for its calls: it makes hundreds of them."""
    code = HEAD + "one = State(ask('Which?', timeout='soon'), Routes({'1': SAME}, otherwise=HOME))\n"
    (tmp_path / "site-ant-ivr" / "ant_ivr.py").write_text(code)
    result = ant("--ivrkit-conformance", "ant-ivr", "-k", "outcome")
    assert result.parseoutcomes() == {"failed": 1, "deselected": 9}
    result.stdout.no_fnmatch_line("*ivrkit call*")


def test_the_checks_are_counted(ant):
    """The checks are collected tests, so pytest's counts of collected, deselected and selected tests are right."""
    result = ant("--ivrkit-conformance", "ant-ivr", "-k", "outcome")
    result.stdout.fnmatch_lines(["collected 10 items / 9 deselected / 1 selected"])


APP = """
from flask import Flask

def create_app():
    app = Flask("team")
    app.config["DEPOT"] = "Berlin"
    return app
"""


@pytest.mark.parametrize("way", ["option", "ini", "hook"])
def test_the_checks_use_the_app_of_the_project(ant, pytester, tmp_path, way):
    """An option, a line of the ini file or the hook gives the checks an app, which handlers then use."""
    code = "from flask import current_app\none = State(lambda call: current_app.config['DEPOT'], HOME)\n"
    (tmp_path / "site-ant-ivr" / "ant_ivr.py").write_text(HEAD + code)
    pytester.makepyfile(team_app=APP)
    pytester.syspathinsert()
    arguments = ["--ivrkit-app", "team_app:create_app"] if way == "option" else []
    if way == "ini":
        pytester.makefile(".ini", pytest="[pytest]\nivrkit_app = team_app:create_app\n")
    if way == "hook":
        hook = "def pytest_ivrkit_conformance(distribution, folder):\n    return {'app_factory': create_app}\n"
        pytester.makeconftest(f"from team_app import create_app\n{hook}")
    selected = ("--ivrkit-conformance", "ant-ivr", "-k", "outcome or repeated or interrupted")
    assert ant(*selected, *arguments).parseoutcomes() == {"passed": 4, "deselected": 6}
    if way == "option":
        assert ant(*selected).parseoutcomes()["failed"] == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("team_app", "Empty module name*|*no attribute*"),
        ("nowhere:create_app", "No module named 'nowhere'"),
        ("json:create_app", "module 'json' has no attribute 'create_app'"),
        (":create_app", "Empty module name"),
    ],
)
def test_an_app_factory_that_does_not_exist(ant, pytester, name, reason):
    """A name that is not a function of a module is a usage error with an example."""
    pytester.makepyfile(team_app=APP)
    pytester.syspathinsert()
    result = ant("--ivrkit-conformance", "ant-ivr", "--ivrkit-app", name)
    message = f"ERROR: ivrkit_app must be MODULE:FUNCTION, not {name!r}: "
    line = next(line for line in result.stderr.lines if line.startswith(message))
    assert line.removeprefix(message) in reason or "has no attribute" in line
    result.stderr.fnmatch_lines(
        ["  hint: name a function in a module that the tests can import, such as shop.testing:create_app"]
    )


def test_settings_come_from_the_conftest(ant, pytester):
    """The hook ``pytest_ivrkit_conformance`` gets an empty folder for each phone tree, and returns its settings."""
    pytester.makeconftest(
        """
        from types import SimpleNamespace
        from ivrkit import State, hookimpl

        def pytest_ivrkit_conformance(distribution, folder):
            assert distribution == "ant-ivr"
            assert not list(folder.iterdir())
            (folder / "used").touch()
            more = hookimpl(specname="ivrkit_register_states")(lambda: {"more": State("More.")})
            return {"company": "Ants", "objects": {"mine": SimpleNamespace(more=more)}}
        """
    )
    assert ant("--ivrkit-conformance", "ant-ivr", "-k", "settings").parseoutcomes() == {"passed": 1, "deselected": 9}


def test_settings_come_from_the_file_of_the_project(ant, pytester):
    """The ``ivrkit.toml`` of the project is read; its problems are reported before any check runs."""
    pytester.path.joinpath("ivrkit.toml").write_text("tries = 0\n")
    result = ant("--ivrkit-conformance", "ant-ivr")
    result.stderr.fnmatch_lines(
        ["ERROR: ivrkit.toml:1: tries must be a whole number of at least 1, not 0", "  hint: write tries = 3"]
    )


def test_a_distribution_that_is_not_installed(ant):
    """A plugin that is not installed is a usage error with the nearest name and the installed plugins."""
    result = ant("--ivrkit-conformance", "ant-irv")
    result.stderr.fnmatch_lines(
        [
            "ERROR: --ivrkit-conformance must name an installed plugin, not 'ant-irv', did you mean 'ant-ivr'?",
            "  hint: install it for the tests, for example with pip install -e .; installed: *ant-ivr*",
        ]
    )


def test_an_unexpected_error_has_a_traceback(ant, pytester):
    """An exception that is not an ``IvrkitError`` is shown with its traceback, as pytest shows it."""
    pytester.path.joinpath("CHANGELOG.md").touch()
    pytester.path.joinpath("test_dangling.py").symlink_to("nowhere")
    result = ant("--ivrkit-conformance", "ant-ivr", "-k", "state and has")
    result.stdout.fnmatch_lines(["*FileNotFoundError*"])
