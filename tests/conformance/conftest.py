"""Plugins for the conformance kit, installed for this process only."""

from pathlib import Path

import pytest
from tests.plugins.conftest import clean_environment, install  # noqa: F401  fixtures are found by their names

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError

HEAD = "from ivrkit import HOME, SAME, Call, Goto, Routes, MenuOption, State, Text, ask, hookimpl, leads_to\n"
METADATA = """\
Metadata-Version: 2.4
Name: ant-ivr
Version: 1.0
Summary: Ants.
License-Expression: MIT
Requires-Dist: ivrkit>=0.1

# ant-ivr

The state `one`.
"""


@pytest.fixture
def make_plugin(install, tmp_path):  # noqa: F811  the fixture itself
    """Return a function that installs a plugin `ant-ivr` with a state `one`, and returns it for the checks."""

    def make(code, *, metadata=METADATA, settings_for=None, plugins=None, **states):
        entry_points = states or {"one": "ant_ivr:one"}
        install("ant-ivr", states=entry_points, plugins=plugins, metadata=metadata, ant_ivr=HEAD + code)
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        return CheckedPlugin("ant_ivr", Path(root), settings_for)

    return make


@pytest.fixture
def refused():
    """Return a function that runs a check that fails, and returns the message and the hint of its error."""

    def run(check, *arguments):
        with pytest.raises(ConformanceError) as caught:
            check(*arguments)
        return caught.value.message, caught.value.hint

    return run
