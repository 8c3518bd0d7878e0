"""The option of pytest: which checks are run, how they are called, and how a failure is told."""

import pytest
from tests.conformance.conftest import HEAD, METADATA

CODE = HEAD + "one = State(ask('Which?'), Routes({'1': SAME}, otherwise=HOME))\n"


@pytest.fixture
def ant(pytester, install, monkeypatch):
    """Install a package `ant-ivr`, and go to the folder of its project; return how its tests are run there."""
    site = install("ant-ivr", states={"one": "ant_ivr:one"}, metadata=METADATA, ant_ivr=CODE)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.chdir(pytester.path)
    pytester.makefile(".ini", pytest="[pytest]\n")

    def run(*arguments):
        given = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist")
        return pytester.runpytest_inprocess(*given, *arguments)

    return run


def test_the_checks_are_run_beside_the_tests(ant, pytester):
    """Each by a name that says what it looks at; what is not kept is told without a traceback."""
    pytester.makepyfile(test_ant="def test_one(): pass\n")
    result = ant("--ivrkit-conformance", "Ant_IVR", "-v")
    result.stdout.fnmatch_lines(
        [
            "*test_ant.py::test_one PASSED*",
            "*conformance?Ant_IVR?::every outcome is answered?one-en-US? PASSED*",
            "*conformance?Ant_IVR?::it is typed FAILED*",
            "*conformance?Ant_IVR?::it is tested FAILED*",
            "ant-ivr: its package has no file py.typed",
            "  hint: add an empty one, and ship it in the wheel",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.parseoutcomes() == {"passed": 9, "failed": 2}


def test_checks_are_chosen_like_tests(ant):
    """By `-k`."""
    assert ant("--ivrkit-conformance", "ant-ivr", "-k", "outcome").parseoutcomes() == {"passed": 1, "deselected": 9}


def test_settings_come_from_the_conftest(ant, pytester):
    """The hook is given a new folder for each tree, and says what it is made of."""
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


def test_settings_come_from_the_project_s_file(ant, pytester):
    """A problem in it is told as the tree tells it, before any check."""
    pytester.path.joinpath("ivrkit.toml").write_text("tries = 0\n")
    result = ant("--ivrkit-conformance", "ant-ivr")
    result.stderr.fnmatch_lines(["ERROR: ivrkit.toml:1: tries is 0", "  hint: it takes a whole number of at least 1"])


def test_a_distribution_that_is_not_installed(ant):
    """The nearest name, and what there is."""
    result = ant("--ivrkit-conformance", "ant-irv")
    result.stderr.fnmatch_lines(
        [
            "ERROR: --ivrkit-conformance ant-irv: there is no such plugin, did you mean 'ant-ivr'?",
            "  hint: install it where the tests run: pip install -e . for your own; installed: *ant-ivr*",
        ]
    )


def test_a_fault_of_the_kit_itself_has_its_traceback(ant, pytester):
    """What is no nonconformity is shown as pytest shows it."""
    pytester.path.joinpath("CHANGELOG.md").touch()
    pytester.path.joinpath("test_dangling.py").symlink_to("nowhere")
    result = ant("--ivrkit-conformance", "ant-ivr", "-k", "tested")
    result.stdout.fnmatch_lines(["*FileNotFoundError*"])
