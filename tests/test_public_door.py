"""The public names of the package, and the modules that importing them loads."""

import os
import subprocess
import sys

import pytest

import ivrkit


def test_public_names_are_unique_and_sorted():
    """``__all__`` has every name once: constants first, then classes, then functions, each in alphabetical order."""
    order = [(not name.isupper(), name.islower(), name) for name in ivrkit.__all__]
    assert order == sorted(order)
    assert len(set(ivrkit.__all__)) == len(ivrkit.__all__)


def test_public_names_are_exactly_those_of_the_module():
    """Every name in ``__all__`` exists, and the module has no other public name but its submodules."""
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
def test_a_star_import_brings_the_public_names(name):
    """``from ivrkit import *`` imports the names in ``__all__``."""
    namespace = {}
    exec("from ivrkit import *", namespace)
    assert namespace[name] is getattr(ivrkit, name)


def test_importing_the_package_loads_no_web_framework():
    """``import ivrkit`` loads no Flask, server, database, HTTP client or TLS, so that plugin tests stay fast."""
    code = (
        "import sys, ivrkit\n"
        "others = {'flask', 'werkzeug', 'granian', 'sqlite3', 'dotenv', 'click', 'importlib_metadata'}\n"
        "others |= {'ssl', 'http', 'email'}\n"
        "print(*sorted(others & {name.partition('.')[0] for name in sys.modules}))\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('ivrkit.web', 'ivrkit.cli', 'twilio.rest'))))\n"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # it needs sqlite3
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_settings_are_imported_on_use():
    """``import ivrkit`` does not load the types of the settings; ``ivrkit.Settings`` does, once."""
    code = (
        "import sys, ivrkit\n"
        "before = 'ivrkit.settings' in sys.modules\n"
        "from ivrkit import Settings\n"
        "print(before, Settings is ivrkit.Settings, Settings is sys.modules['ivrkit.settings'].Settings)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]


def test_an_unknown_name_is_an_attribute_error():
    """A name that the package does not have is the usual error of a module."""
    with pytest.raises(AttributeError, match=r"^module 'ivrkit' has no attribute 'Exits'$"):
        _ = ivrkit.Exits
