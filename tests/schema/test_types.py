"""The JSON Schema of setting types, in draft-07."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import jsonschema
import msgspec
import pytest

from ivrkit import HOME, State, hookimpl
from ivrkit.plugins.load import find_plugins
from ivrkit.schema import schema_of_flow, schema_of_settings
from ivrkit.settings import Keys, OneOrMore, Range, Seconds, Settings
from ivrkit.settings.convert import convert
from ivrkit.settings.json_schema import SchemaMaker
from ivrkit.settings.setting_type import KeysOf

if TYPE_CHECKING:
    from nowhere import Thing


@dataclass(frozen=True)
class Till:
    """A till.

    :param name: its name.
    """

    name: str
    code: str = field(default="sesame", repr=False)
    next: Till | None = None


class Colour(Enum):
    """A colour."""

    RED = "red"


class Own:
    """A class of which a file cannot have a value."""


@dataclass(frozen=True)
class ShopSettings:
    """The settings of the shop."""

    tills: dict[str, Till] = field(default_factory=dict)
    first: Till = Till("front")
    pair: tuple[int, str] = (1, "a")
    tags: set[str] = field(default_factory=set)
    colour: Colour = Colour.RED
    own: Own = field(default_factory=Own)


@dataclass(frozen=True)
class Unknown:
    """A dataclass with an annotation that cannot be evaluated."""

    thing: Thing


def shop(settings: ShopSettings) -> State:
    """Return a state of the shop."""
    return State(str(settings.pair), HOME)


def unknown(settings: Unknown) -> State:
    """Return a state that needs the dataclass that cannot be evaluated."""
    return State(str(settings.thing), HOME)


def poem(lines: list[Till]) -> State:
    """Return a state that reads lines."""
    return State([each.name for each in lines], HOME)


class Plugin:
    """A plugin with a state kind, and a state that needs settings.

    :param function: makes the state.
    """

    def __init__(self, function):
        self.function = function

    @hookimpl
    def ivrkit_register_states(self):
        """Register the state."""
        return {"one": self.function}

    @hookimpl
    def ivrkit_register_kinds(self):
        """Register the kind."""
        return {"poem": poem}


def installed(function):
    """Return the installed plugins, with the shop among them."""
    return find_plugins(Settings(block=["acme-states"]), {"shop-ivr": Plugin(function)})


def validator(schema):
    """Return the validator of a schema, after a check of the schema itself."""
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize(
    ("annotation", "value", "right"),
    [
        (tuple[int, str], [1, "a"], True),
        (tuple[int, str], ["a", 1], False),
        (tuple[int, str], [1, "a", 2], False),
        (tuple[int, str], [1], False),
        (set[str], ["a", "a"], True),
        (set[str], [1], False),
        (dict[str, Till], {"a": {"name": "x"}}, True),
        (list[Till], [{"name": "x"}], True),
        (Till | None, {"name": "x"}, True),
        (Any, [1], True),
        (list, [1, "a"], True),
        (dict, {"a": 1}, True),
        (dict, 1, False),
        (int | list[int], [1], True),
        (int | list[int], ["a"], False),
        (dict[Keys, int], {"4": 1}, True),
        (dict[Keys, int], {"x": 1}, False),
        (time, "09:00:00", True),
        (Colour, "red", True),
        (Colour, "blue", False),
        (OneOrMore[Keys], "4", True),
        (OneOrMore[Keys], ["4", "5"], True),
        (OneOrMore[Keys], ["x"], False),
        (Annotated[Seconds, Range(5, 600)], 5, True),
        (Annotated[Seconds, Range(5, 600)], 601, False),
        (Annotated[int, msgspec.Meta(ge=5)], 4, False),
        (Annotated[list[int], msgspec.Meta(min_length=1)], [1], True),
        (Annotated[list[int], msgspec.Meta(min_length=1)], [], False),
        (Annotated[dict[str, int], msgspec.Meta(max_length=1)], {"a": 1, "b": 2}, False),
        (Annotated[Mapping[str, Any], KeysOf(Till)], {"name": "x"}, True),
        (Annotated[Mapping[str, Any], KeysOf(Till)], {"nmae": "x"}, False),
        (int | None, 3, True),
        (int | None, "3", False),
    ],
)
def test_the_schema_and_the_converter_agree(annotation, value, right):
    """A value is valid for the schema of a type if the converter accepts it, and only then."""
    definitions = {}
    schema = SchemaMaker(definitions, "shop").of(annotation)
    assert validator({**schema, "definitions": definitions}).is_valid(value) is right
    _, problems = convert(value, annotation, ("name",))
    assert (problems == []) is right


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (dict[str, Till], {"a": {"name": "x", "nmae": "y"}}),
        (list[Till], [{"name": "x", "nmae": "y"}]),
        (Till | None, {"name": "x", "nmae": "y"}),
        (dict[str, list[Till]], {"a": [{"name": "x", "nmae": "y"}]}),
    ],
)
def test_an_unknown_key_of_a_dataclass(annotation, value):
    """An unknown key of a dataclass is a problem, however deep the dataclass is."""
    _, (problem,) = convert(value, annotation, ("name",))
    assert problem.path[-1] == "nmae"
    assert problem.message.endswith(".nmae', did you mean 'name'?")


def test_a_type_without_values_in_a_file():
    """A type of which a file cannot have a value has an empty schema, and the rest of the schema is made."""
    assert SchemaMaker({}, "shop").of(Own) == {}
    properties = schema_of_settings(installed(shop))["properties"]["plugins"]["properties"]["shop-ivr"]["properties"]
    assert properties["own"] == {}
    assert list(properties) == ["tills", "first", "pair", "tags", "colour", "own"]


def test_settings_that_cannot_be_read():
    """A plugin whose settings cannot be read has an open schema, because an editor is needed most then."""
    made = schema_of_settings(installed(unknown))
    assert made["properties"]["plugins"]["properties"]["shop-ivr"] == {
        "type": "object",
        "description": "Settings of shop-ivr.",
    }


def test_a_default_of_a_secret_is_not_shown():
    """The default of a secret is not in the schema, however deep it is; the other fields are described."""
    made = schema_of_settings(installed(shop))
    assert "sesame" not in json.dumps(made)
    till = made["definitions"]["shop-ivr.Till"]
    assert till["properties"]["code"] == {"type": "string", "writeOnly": True}
    assert till["properties"]["name"] == {"description": "its name.", "type": "string"}
    assert till["additionalProperties"] is False


def test_a_kind_may_have_tables():
    """A parameter of a kind may be a list of dataclasses, which are among the definitions."""
    check = validator(schema_of_flow(installed(shop)))
    assert check.is_valid({"states": {"a": {"kind": "poem", "lines": [{"name": "x"}]}}})
    assert not check.is_valid({"states": {"a": {"kind": "poem", "lines": [{"nmae": "x"}]}}})


def test_two_dataclasses_of_one_name_have_two_definitions():
    """Two dataclasses with the same name have a definition each."""

    @dataclass
    class Other:
        """Another till."""

        drawers: int

    Other.__name__ = "Till"
    definitions = {}
    schema = SchemaMaker(definitions, "shop").of(list[Till | Other])
    assert list(definitions) == ["shop.Till", "shop.Till2"]
    check = validator({**schema, "definitions": definitions})
    assert check.is_valid([{"name": "x"}, {"drawers": 1}])
    assert not check.is_valid([{"drawers": "x"}])
