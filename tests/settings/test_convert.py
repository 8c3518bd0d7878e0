"""The conversion of values to setting types, and the description of these types in words."""

import datetime
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import pytest

from ivrkit import SettingsError
from ivrkit.settings import Keys, OneOrMore, PhoneNumber, Range, Seconds, SettingType
from ivrkit.settings.convert import INVALID, convert
from ivrkit.settings.describe import as_toml, example_of, in_words
from ivrkit.settings.scalars import EnvironmentText


class Colour(enum.Enum):
    """A choice."""

    RED = "red"


@dataclass
class Nested:
    """A table in a table."""

    x: int = 0


class Point(NamedTuple):
    """A type of its own that msgspec reads."""

    name: str


@dataclass
class Outer:
    """A table with a table in it."""

    inner: Nested


@pytest.mark.parametrize(
    ("value", "annotation", "kept"),
    [
        ("a", str, "a"),
        (5, int, 5),
        (5, float, 5.0),
        (True, bool, True),
        ("red", Colour, Colour.RED),
        ("a", Literal["a", "b"], "a"),
        (["a"], tuple[str, ...], ("a",)),
        ({"a": 1}, dict[str, int], {"a": 1}),
        ({"x": 1}, Nested, Nested(1)),
        (datetime.time(9), datetime.time, datetime.time(9)),
        ("/tmp", Path, Path("/tmp")),
        (5, Annotated[int, msgspec.Meta(ge=1)], 5),
        (EnvironmentText("b"), str, "b"),
        (EnvironmentText("a"), str | None, "a"),
        (EnvironmentText("5"), int, 5),
        (EnvironmentText("yes"), bool, True),
        (EnvironmentText("off"), bool, False),
        (EnvironmentText("09:00:00"), datetime.time, datetime.time(9)),
        (EnvironmentText("a, b"), tuple[str, ...], ("a", "b")),
        (EnvironmentText("1,2"), list[int], [1, 2]),
        (EnvironmentText('["a", "b,c"]'), list[str], ["a", "b,c"]),
        (EnvironmentText("{ x = 1 }"), Nested, Nested(1)),
        (EnvironmentText("[see"), str, "[see"),
        (EnvironmentText("[see, b"), tuple[str, ...], ("[see", "b")),
        (EnvironmentText("/var"), Path, Path("/var")),
        ({"x": EnvironmentText("9")}, Nested, Nested(9)),
        ({"monday": EnvironmentText("09:00")}, dict[str, str], {"monday": "09:00"}),
        (5, Any, 5),
        (None, int | None, None),
        (EnvironmentText(""), int | None, None),
        (EnvironmentText(" 5 "), int, 5),
        (EnvironmentText("5"), Literal[5], 5),
        ("a", int | str, "a"),
        ({"x": 1}, int | Nested, Nested(1)),
        ([1, 2], int | list[int], [1, 2]),
        ("+1 (415) 555-0100", Keys | PhoneNumber, "+14155550100"),
        ({"a"}, set[str], {"a"}),
        (["a"], Sequence[str], ["a"]),
        ([1, "a"], list, [1, "a"]),
        ([1, "a"], tuple[int, str], (1, "a")),
        ({"a": 1}, Mapping, {"a": 1}),
        ({"a": 1}, dict[Literal["a", "b"], int], {"a": 1}),
        ("a", OneOrMore[str], ("a",)),
        (["a", "b"], OneOrMore[str], ("a", "b")),
        (EnvironmentText("a,b"), OneOrMore[str], ("a", "b")),
        (["a"], Annotated[list[str], msgspec.Meta(min_length=1)], ["a"]),
        ({"a": 1}, Annotated[dict[str, int], msgspec.Meta(max_length=1)], {"a": 1}),
        (EnvironmentText("['a']"), Point, Point("a")),
        (None, Annotated[int | None, Range(1)], None),
    ],
    ids=repr,
)
def test_a_value_is_converted(value, annotation, kept):
    """A value of a file, of code or of the environment is converted to the type of its setting."""
    assert convert(value, annotation, ("name",)) == (kept, [])


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ("5", int),
        (5, str),
        (5, Path),
        (EnvironmentText("x"), int),
        (EnvironmentText("maybe"), bool),
        ("x", Literal["a"]),
        ([], dict),
        ({"y": 1}, Nested),
        ({"inner": {"y": 1}}, Outer),
        ([{"y": 1}], list[Nested]),
        ({"y": 1}, Nested | None),
        (EnvironmentText("{ y = 1 }"), Nested),
        (True, Literal[1]),
        (None, int),
        ("x", Keys | PhoneNumber),
        ([1], tuple[int, str]),
        (0, Annotated[int, msgspec.Meta(ge=1)]),
        ([], Annotated[list[str], msgspec.Meta(min_length=1)]),
        ({"a": 1, "b": 2}, Annotated[dict[str, int], msgspec.Meta(max_length=1)]),
        ({"c": 1}, dict[Literal["a", "b"], int]),
        ({"x": 1}, dict[Keys, int]),
        (0, Seconds),
        (601, Annotated[Seconds, Range(5, 600)]),
    ],
    ids=repr,
)
def test_a_value_of_another_type_is_invalid(value, annotation):
    """A value of another type is one problem; a file's text that looks like a number is not a number."""
    converted, problems = convert(value, annotation, ("name",))
    assert converted is INVALID
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str, "a text"),
        (int | None, "a whole number"),
        (Annotated[int, msgspec.Meta(ge=1)], "a whole number of at least 1"),
        (Annotated[int, msgspec.Meta(ge=1, le=5)], "a whole number from 1 to 5"),
        (Annotated[float, msgspec.Meta(gt=0, lt=1)], "a number, more than 0, less than 1"),
        (Annotated[list[str], msgspec.Meta(min_length=1)], "a list, each a text, of length 1 or more"),
        (Annotated[str, msgspec.Meta(max_length=5, pattern="^a")], "a text, of length 5 or less, matching ^a"),
        (Annotated[int, Range(at_most=5)], "a whole number of at most 5"),
        (Seconds, "a whole number of seconds, at least 1"),
        (Annotated[Seconds, Range(5, 600)], "a whole number of seconds from 5 to 600"),
        (Annotated[Seconds, Range(at_most=600)], "a whole number of seconds from 1 to 600"),
        (OneOrMore[PhoneNumber], "a phone number in E.164, such as +14155550100, or a list of these"),
        (Literal["a", "b"], "one of 'a', 'b'"),
        (Colour, "one of 'red'"),
        (tuple[str, ...], "a list, each a text"),
        (Sequence[int], "a list, each a whole number"),
        (list, "a list"),
        (dict[str, datetime.time], "a table, each a time such as 09:00:00"),
        (Mapping, "a table"),
        (Nested, "a table"),
        (int | str, "a whole number or a text"),
        (bytes, "bytes"),
    ],
    ids=repr,
)
def test_a_type_in_words(annotation, words):
    """A type is described in words that need no Python."""
    assert in_words(annotation) == words


@pytest.mark.parametrize(
    ("annotation", "example"),
    [
        (str, "text"),
        (int | None, 1),
        (Annotated[int, Range(5, 9)], 5),
        (Literal["a", "b"], "a"),
        (Colour, "red"),
        (list[int], [1]),
        (list, []),
        (dict[str, bool], {"name": True}),
        (dict[Keys, str], {"4": "text"}),
        (dict, {}),
        (Outer, {"inner": {"x": 1}}),
        (datetime.date, "2026-12-24"),
        (bytes, "..."),
    ],
    ids=repr,
)
def test_an_example_of_a_type(annotation, example):
    """An example is a value as a file has it; hints show it."""
    assert example_of(annotation) == example


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0.5, "0.5"),
        (None, '""'),
        ('Ä"', '"Ä\\""'),
        (("a", 1), '["a", 1]'),
        (Colour.RED, '"red"'),
        (Nested(3), "{ x = 3 }"),
        ({"a b": {"+1": 2}}, '{ "a b" = { "+1" = 2 } }'),
    ],
    ids=repr,
)
def test_a_value_as_toml(value, text):
    """Examples and defaults are written as TOML writes them."""
    assert as_toml(value) == text


@dataclass
class Garage:
    """A dataclass with a secret, a required key and a check of its own.

    :param name: its name.
    """

    name: str
    pin: Keys = field(default="0", repr=False)
    levels: dict[str, int] = field(default_factory=dict)

    def __post_init__(self):
        """Refuse some names, each with another error."""
        if self.name in "abc":
            raise {"a": ValueError("choose a longer name"), "b": KeyError("b"), "c": SettingsError("c!", hint="d")}[
                self.name
            ]


def problems(value, annotation=Garage, **options):
    """Return the message and the hint of each problem."""
    _, found = convert(value, annotation, ("garage",), **options)
    return [(each.message, each.hint_in_toml()) for each in found]


ONE = "garage.levels.one must be a whole number"
PIN = "garage.pin must be keys of a telephone (0-9, * and #)"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"name": "long", "levels": {"one": "x"}},
            ("garage.levels.one must be a whole number, not 'x'", "write one = 1"),
        ),
        ({"name": 5}, ("garage.name must be a text, not 5", 'write name = "text"')),
        ({}, ("garage.name must be set to a text", 'write name = "text"')),
        (
            {"name": "long", "pin": "12a"},
            (
                "garage.pin must be keys of a telephone (0-9, * and #); its value is secret and not shown",
                'write pin = "4"',
            ),
        ),
        (
            {"name": "long", "pni": "12a"},
            ("unknown key 'garage.pni', did you mean 'pin'?", "use one of: name, pin, levels"),
        ),
        ({"name": "a"}, ("garage: choose a longer name", 'write a table [garage] with lines such as name = "text"')),
        ({"name": "b"}, ("garage: KeyError: 'b'", 'write a table [garage] with lines such as name = "text"')),
        ({"name": "c"}, ("garage.name: c!", "d")),
        ({"name": "c", "levels": {}}, ("garage.name: c!", "d")),
        ("x", ("garage must be a table, not a text", 'write a table [garage] with lines such as name = "text"')),
        (5, ("garage must be a table, not a single value", 'write a table [garage] with lines such as name = "text"')),
        ([], ("garage must be a table, not a list", 'write a table [garage] with lines such as name = "text"')),
    ],
    ids=repr,
)
def test_a_problem_names_its_own_key(value, expected):
    """A problem in a table has the path of its key, the type, the value and an example."""
    assert problems(value) == [expected]


def test_a_table_of_another_dataclass_is_refused_as_a_whole():
    """An error about keys that are required together belongs to the table."""

    @dataclass
    class Both:
        one: str
        two: str

        def __post_init__(self):
            raise SettingsError("one and two must differ", hint="change one")

    assert problems({"one": "a", "two": "a"}, Both) == [("garage: one and two must differ", "change one")]


def test_a_dataclass_without_settings_has_no_keys():
    """A key for a dataclass without settings can only be removed."""

    @dataclass
    class Empty:
        pass

    assert problems({"a": 1}, Empty) == [("unknown key 'garage.a'", "remove it")]
    assert example_of(Empty) == {}


def test_a_secret_setting_is_one_problem():
    """A secret table with several problems is one problem, without any part of its value."""
    found = problems({"a": "sesame", "b": "sesame"}, dict[str, int], is_secret=True)
    message = "garage must be a table, each a whole number; its value is secret and not shown"
    assert found == [(message, "write a table [garage] with lines such as name = 1")]


def test_the_key_of_a_table_may_have_a_type():
    """An invalid key is reported with the valid keys, or with the type of a key."""
    assert problems({"red": 1, "yelow": 2}, dict[Literal["yellow", "green"], int]) == [
        ("unknown key 'garage.red'", "use one of: yellow, green"),
        ("unknown key 'garage.yelow', did you mean 'yellow'?", "use one of: yellow, green"),
    ]
    assert problems({"x": 1}, dict[Keys, int]) == [
        ("garage: the key must be keys of a telephone (0-9, * and #), not 'x'", "use a key such as 4")
    ]


def test_two_forms_of_one_key():
    """Two keys with the same final form are a problem, because one of them would be lost."""
    assert problems({"+15550100": 1, "+1 555 0100": 2}, dict[PhoneNumber, int]) == [
        ("garage: '+1 555 0100' is in the table twice, as '+15550100'", "remove one")
    ]


def test_valid_keys_can_be_kept():
    """The core's settings keep the valid keys of a table with problems; the settings of plugins do not."""
    value = {"one": 1, "two": "x"}
    assert convert(value, dict[str, int], ("garage",), keep_valid=True)[0] == {"one": 1}
    assert convert(value, dict[str, int], ("garage",))[0] is INVALID


def test_a_type_of_a_plugin_s_own():
    """A plugin may make a setting type with a check and words of its own, which its repr shows."""

    def check(value):
        if value % 2:
            raise ValueError(value)
        return value // 2

    even = Annotated[int, SettingType("an even number", check, example=2)]
    assert convert(4, even, ("garage",)) == (2, [])
    assert repr(even.__metadata__) == "(SettingType('an even number'),)"
    assert problems(3, even) == [("garage must be an even number, not 3", "write garage = 2")]
