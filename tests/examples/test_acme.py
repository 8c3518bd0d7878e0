"""ACME's tree without code: a caller could not tell it from the package."""

import re
from pathlib import Path

import pytest
import time_machine

FOLDER = Path(__file__).parents[2] / "examples" / "acme"
#: A Saturday morning, when ACME is open.
NOW = "2026-03-07T11:00-05:00"

pytestmark = pytest.mark.acme


def told(call):
    """Return the transcript of a call, without who owns its states."""
    return re.sub(r"\[(\S+), [^\]]+\]", r"[\1]", call.transcript())


@pytest.fixture
def phones(make_phone):
    """A phone to the package, and one to the tables, in a language."""

    def make(language):
        given = {"company": "ACME", "language": language, "timezone": "America/New_York"}
        return make_phone(plugins=["acme-states"], **given), make_phone(settings_from=FOLDER, **given)

    return make


@pytest.mark.deep
@pytest.mark.parametrize(("language", "depth", "ends"), [("en-US", 4, 60), ("es-MX", 3, 20)])
def test_every_path_is_heard_word_for_word(phones, language, depth, ends):
    """Each end of a call is reached in the other tree by the same way, and every word on it is the same."""
    package, tables = phones(language)
    assert (
        package.app.extensions["ivrkit"].loaded.startup_warnings
        == tables.app.extensions["ivrkit"].loaded.startup_warnings
        == ()
    )
    with time_machine.travel(NOW, tick=False):
        explored = package.explore(depth)
        assert explored.problems == []
        assert len(explored.ends) > ends
        for end in explored.ends:
            assert told(tables.call(end.actions)) == told(end)


def test_the_tables_need_no_package(make_phone):
    """Every state but the core's own is the file's."""
    phone = make_phone(settings_from=FOLDER)
    flow = phone.app.extensions["ivrkit"].loaded.flow
    owners = {name: each.state.owner.plugin for name, each in flow.states.items()}
    assert owners.pop("greeting") == owners.pop("menu") == "ivrkit"
    assert set(owners.values()) == {"acme.flow.toml"}
    assert set(owners) == {"sales", "support", "hours", "reception", "error"}
