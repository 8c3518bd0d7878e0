"""Packages that are put in front of the kit: installed for this process alone."""

from pathlib import Path

import pytest
from tests.plugins.conftest import clean_place, install  # noqa: F401  fixtures are found by their names

from ivrkit.conformance.subject import Nonconformity, Subject

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
def subject(install, tmp_path):  # noqa: F811  the fixture itself
    """Return a function that installs a package `ant-ivr` with a state `one`, and returns it as the kit sees it."""

    def make(code, *, metadata=METADATA, settings_for=None, plugins=None, **states):
        points = states or {"one": "ant_ivr:one"}
        install("ant-ivr", states=points, plugins=plugins, metadata=metadata, ant_ivr=HEAD + code)
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        return Subject("ant_ivr", Path(root), settings_for)

    return make


@pytest.fixture
def refused():
    """Return a function that runs a check, and returns what it refuses: message and mend."""

    def run(check, *arguments):
        with pytest.raises(Nonconformity) as caught:
            check(*arguments)
        return caught.value.message, caught.value.hint

    return run
