"""The errors of ivrkit, and the collector of problems."""

import pytest

from ivrkit import FlowError, IvrkitError, LoadError, Problem, SessionError, SettingsError
from ivrkit.errors import Problems, nearest


@pytest.mark.parametrize("error_class", [IvrkitError, FlowError, SessionError, SettingsError])
def test_an_error_is_printed_with_its_hint_below(error_class):
    """An error is printed as its message, with the hint on the next line if there is one."""
    error = error_class("it is broken", hint="fix it")
    assert (error.message, error.hint, str(error)) == ("it is broken", "fix it", "it is broken\n  hint: fix it")
    assert error.args == ("it is broken",)
    assert (error_class("it is broken").hint, str(error_class("it is broken"))) == ("", "it is broken")
    assert isinstance(error, IvrkitError)


def test_a_problem_is_printed_like_an_error():
    """A problem is printed as its message and hint, without its owner and state."""
    problem = Problem("it is broken", "fix it", owner="ant", state="one")
    assert str(problem) == "it is broken\n  hint: fix it"
    assert str(Problem("it is broken", "")) == "it is broken"
    assert (Problem("", "").owner, Problem("", "").state) == ("", None)


@pytest.mark.parametrize(
    ("problems", "text"),
    [
        ([], "the phone tree has 0 problems and was not started:\n"),
        ([Problem("a", "b")], "the phone tree has 1 problem and was not started:\na\n  hint: b"),
        (
            [Problem("a", "b"), Problem("c", "")],
            "the phone tree has 2 problems and was not started:\na\n  hint: b\nc",
        ),
    ],
)
def test_a_load_error_lists_all_problems(problems, text):
    """The text of a LoadError contains all problems in order, each with its hint."""
    error = LoadError(problems)
    assert (str(error), error.message, error.hint) == (text, text, "")
    assert error.problems == tuple(problems)
    assert isinstance(error, IvrkitError)


@pytest.mark.parametrize(
    ("name", "known", "proposal"),
    [
        ("sales", ["support", "sale", "sails"], ", did you mean 'sale'?"),
        ("slaes", {"sales": 1, "support": 2}, ", did you mean 'sales'?"),
        ("zz", ["sales"], ""),
        ("sales", [], ""),
        ("x'y", ["x'yz"], """, did you mean "x'yz"?"""),
        ("menu", {"menus"}, ", did you mean 'menus'?"),
    ],
)
def test_the_nearest_name_is_proposed(name, known, proposal):
    """nearest() proposes the most similar known name, and nothing if no name is similar."""
    assert nearest(name, known) == proposal


def test_a_problem_is_printed_behind_its_location():
    """A problem with a location is printed behind it: file and line, then the message."""
    problem = Problem("tries must be a number", "write tries = 3", location="ivrkit.toml:3")
    assert str(problem) == "ivrkit.toml:3: tries must be a number\n  hint: write tries = 3"


class TestProblems:
    """The collector of problems."""

    def test_it_keeps_each_problem_once_in_order(self):
        """A problem that is added twice is kept once, at its first place."""
        problems = Problems([Problem("a")])
        problems.add(Problem("b"), Problem("a"))
        problems.error("b")
        assert [each.message for each in problems] == ["a", "b"]
        assert len(problems) == 2
        assert not Problems()

    def test_it_separates_errors_and_warnings(self):
        """Errors and warnings can be read separately; both have all attributes of a problem."""
        problems = Problems()
        problems.error("a", "fix a", location="a.toml:1", owner="ant", state="one")
        problems.warn("b", "fix b", location="b.toml:1", owner="bee", state="two")
        assert problems.errors == (Problem("a", "fix a", location="a.toml:1", owner="ant", state="one"),)
        assert problems.warnings == (
            Problem("b", "fix b", level="warning", location="b.toml:1", owner="bee", state="two"),
        )

    def test_it_collects_an_error_of_ivrkit(self):
        """collect() adds an error of ivrkit as a problem; another error is raised."""
        problems = Problems()
        with problems.collect(location="a.toml:1", owner="ant", state="one"):
            raise FlowError("a", hint="fix a")
        assert tuple(problems) == (Problem("a", "fix a", location="a.toml:1", owner="ant", state="one"),)
        with pytest.raises(ZeroDivisionError), problems.collect():
            1 / 0  # noqa: B018
        assert len(problems) == 1
