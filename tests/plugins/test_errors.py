"""The errors on purpose: one message, its mend below it, and all problems in one."""

import pytest

from ivrkit import FlowError, IvrkitError, LoadError, Problem, SessionError, SettingsError
from ivrkit.errors import nearest


@pytest.mark.parametrize("kind", [IvrkitError, FlowError, SessionError, SettingsError])
def test_an_error_is_printed_with_its_hint_below(kind):
    """The message alone where there is no hint."""
    error = kind("it is broken", hint="mend it")
    assert (error.message, error.hint, str(error)) == ("it is broken", "mend it", "it is broken\n  hint: mend it")
    assert error.args == ("it is broken",)
    assert (kind("it is broken").hint, str(kind("it is broken"))) == ("", "it is broken")
    assert isinstance(error, IvrkitError)


def test_a_fault_is_printed_as_an_error_is():
    """The plugin and the state are for whoever decides what to do about it."""
    problem = Problem("it is broken", "mend it", owner="ant", state="one")
    assert str(problem) == "it is broken\n  hint: mend it"
    assert str(Problem("it is broken", "")) == "it is broken"
    assert (Problem("", "").owner, Problem("", "").state) == ("", None)


@pytest.mark.parametrize(
    ("problems", "told"),
    [
        ([], "the phone tree has 0 problems and was not started:\n"),
        ([Problem("a", "b")], "the phone tree has 1 problem and was not started:\na\n  hint: b"),
        (
            [Problem("a", "b"), Problem("c", "")],
            "the phone tree has 2 problems and was not started:\na\n  hint: b\nc",
        ),
    ],
)
def test_a_load_error_tells_every_fault(problems, told):
    """In the order in which they were found, each with its mend."""
    error = LoadError(problems)
    assert (str(error), error.message, error.hint) == (told, told, "")
    assert error.problems == tuple(problems)
    assert isinstance(error, IvrkitError)


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("sales", ["support", "sale", "sails"], ", did you mean 'sale'?"),
        ("slaes", {"sales": 1, "support": 2}, ", did you mean 'sales'?"),
        ("zz", ["sales"], ""),
        ("sales", [], ""),
        ("x'y", ["x'yz"], """, did you mean "x'yz"?"""),
        ("menu", {"menus"}, ", did you mean 'menus'?"),
    ],
)
def test_the_nearest_name(name, known, told):
    """One, or none where nothing is near."""
    assert nearest(name, known) == told
