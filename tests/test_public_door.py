"""The public door: what a package or a host may import, and what comes with it."""

import os
import subprocess
import sys

import pytest

import ivrkit


def test_everything_is_named_once_and_in_order():
    """``__all__`` is sorted as a reader would: constants, classes, functions; no name twice."""
    kinds = [(not name.isupper(), name.islower(), name) for name in ivrkit.__all__]
    assert kinds == sorted(kinds)
    assert len(set(ivrkit.__all__)) == len(ivrkit.__all__)


def test_everything_that_is_named_is_there():
    """And whatever else is there is a module of the package's own."""
    missing = [name for name in ivrkit.__all__ if not hasattr(ivrkit, name)]
    assert missing == []
    module = type(ivrkit)
    others = {
        name
        for name, value in vars(ivrkit).items()
        if not name.startswith("_") and name not in ivrkit.__all__ and not isinstance(value, module)
    }
    assert others == set()


@pytest.mark.parametrize("name", ["CallFlow", "Settings", "State", "advance", "hookimpl"])
def test_a_star_brings_it(name):
    """``from ivrkit import *`` brings what is named."""
    found = {}
    exec("from ivrkit import *", found)
    assert found[name] is getattr(ivrkit, name)


def test_importing_a_plugin_never_loads_the_web():
    """Neither Flask nor the server, no database and no dotenv: a plugin's own tests stay quick."""
    code = (
        "import sys, ivrkit\n"
        "others = {'flask', 'werkzeug', 'granian', 'sqlite3', 'dotenv', 'click', 'importlib_metadata'}\n"
        "print(*sorted(others & {name.partition('.')[0] for name in sys.modules}))\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('ivrkit.web', 'ivrkit.cli', 'twilio.rest'))))\n"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # it needs sqlite3
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
