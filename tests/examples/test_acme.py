"""The example of ACME without code: it behaves like the package ``acme-states``."""

import re
from pathlib import Path

import pytest
import time_machine

FOLDER = Path(__file__).parents[2] / "examples" / "acme"
#: A Saturday morning, in ACME's opening hours.
NOW = "2026-03-07T11:00-05:00"

pytestmark = pytest.mark.acme


def transcript(call):
    """Return the transcript of a call without the owners of the states."""
    return re.sub(r"\[(\S+), [^\]]+\]", r"[\1]", call.transcript())


@pytest.fixture
def phones(make_phone):
    """Return a function that makes a phone for the package and a phone for the example, in a language."""

    def make(language):
        settings = {"company": "ACME", "language": language, "timezone": "America/New_York"}
        package = make_phone(plugins=["acme-states"], **settings)
        return package, make_phone(plugins=[], settings_from=FOLDER, **settings)

    return make


@pytest.mark.deep
@pytest.mark.parametrize(("language", "depth", "ends"), [("en-US", 4, 60), ("es-MX", 3, 20)])
def test_the_example_says_the_same_as_the_package_on_every_path(phones, language, depth, ends):
    """Each path to the end of a call has the same transcript in the example as in the package."""
    package, example = phones(language)
    assert (
        package.app.extensions["ivrkit"].loaded.startup_warnings
        == example.app.extensions["ivrkit"].loaded.startup_warnings
        == ()
    )
    with time_machine.travel(NOW, tick=False):
        explored = package.explore(depth)
        assert explored.problems == []
        assert len(explored.ends) > ends
        for end in explored.ends:
            assert transcript(example.call(end.actions)) == transcript(end)


def test_the_example_needs_no_package(make_phone):
    """All states of the example are from its file, except the core's own."""
    phone = make_phone(plugins=[], settings_from=FOLDER)
    flow = phone.app.extensions["ivrkit"].loaded.flow
    owners = {name: each.state.owner.plugin for name, each in flow.states.items()}
    assert owners.pop("greeting") == owners.pop("menu") == "ivrkit"
    assert set(owners.values()) == {"acme.flow.toml"}
    assert set(owners) == {"sales", "support", "hours", "reception", "error"}
