"""Error classes of ivrkit, and the collector of problems."""

import pytest

from ivrkit import FlowError, IvrkitError, LoadError, Problem, SessionError, SettingsError
from ivrkit.errors import Problems, nearest


@pytest.mark.parametrize("error_class", [IvrkitError, FlowError, SessionError, SettingsError])
def test_an_error_is_printed_with_its_hint_on_the_next_line(error_class):
    """An error is printed as its message, followed by its hint, if any, on the next line."""
    error = error_class("it is broken", hint="fix it")
    assert (error.message, error.hint, str(error)) == ("it is broken", "fix it", "it is broken\n  hint: fix it")
    assert error.args == ("it is broken",)
    assert (error_class("it is broken").hint, str(error_class("it is broken"))) == ("", "it is broken")
    assert isinstance(error, IvrkitError)


def test_a_problem_is_printed_like_an_error():
    """A problem is printed as its message and its hint, without its owner or state."""
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
    """A LoadError is printed as the number of problems, followed by each problem with its hint in order."""
    error = LoadError(problems)
    assert (str(error), error.message, error.hint) == (text, text, "")
    assert error.problems == tuple(problems)
    assert isinstance(error, IvrkitError)


@pytest.mark.parametrize(
    ("name", "known", "suggestion"),
    [
        ("sales", ["support", "sale", "sails"], ", did you mean 'sale'?"),
        ("slaes", {"sales": 1, "support": 2}, ", did you mean 'sales'?"),
        ("zz", ["sales"], ""),
        ("sales", [], ""),
        ("x'y", ["x'yz"], """, did you mean "x'yz"?"""),
        ("menu", {"menus"}, ", did you mean 'menus'?"),
    ],
)
def test_the_nearest_name_is_suggested(name, known, suggestion):
    """nearest() suggests the most similar known name, or returns an empty text if no name is similar."""
    assert nearest(name, known) == suggestion


def test_a_problem_is_printed_after_its_location():
    """A problem with a location is printed as the location, a colon, and the message with its hint."""
    problem = Problem("tries must be a number", "write tries = 3", location="ivrkit.toml:3")
    assert str(problem) == "ivrkit.toml:3: tries must be a number\n  hint: write tries = 3"


class TestProblems:
    """The collector of problems."""

    def test_each_problem_is_kept_once_in_order(self):
        """The collector keeps a problem that is added twice once, at its first position."""
        problems = Problems([Problem("a")])
        problems.add(Problem("b"), Problem("a"))
        problems.error("b")
        assert [each.message for each in problems] == ["a", "b"]
        assert len(problems) == 2
        assert not Problems()

    def test_errors_and_warnings_are_separate(self):
        """The collector returns errors and warnings separately, with all attributes of each problem."""
        problems = Problems()
        problems.error("a", "fix a", location="a.toml:1", owner="ant", state="one")
        problems.warn("b", "fix b", location="b.toml:1", owner="bee", state="two")
        assert problems.errors == (Problem("a", "fix a", location="a.toml:1", owner="ant", state="one"),)
        assert problems.warnings == (
            Problem("b", "fix b", level="warning", location="b.toml:1", owner="bee", state="two"),
        )

    def test_collect_adds_only_errors_of_ivrkit(self):
        """collect() adds an IvrkitError as a problem and lets all other exceptions pass."""
        problems = Problems()
        with problems.collect(location="a.toml:1", owner="ant", state="one"):
            raise FlowError("a", hint="fix a")
        assert tuple(problems) == (Problem("a", "fix a", location="a.toml:1", owner="ant", state="one"),)
        with pytest.raises(ZeroDivisionError), problems.collect():
            1 / 0  # noqa: B018
        assert len(problems) == 1
