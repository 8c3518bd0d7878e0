"""The installer of the environment in which ivrkit runs: pip, or uv if the environment has no pip."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence

from ivrkit.errors import IvrkitError

#: Runs ``ivrkit plugins`` in a new process. This process does not see what the installer changed: Python reads the
#: ``.pth`` file of an editable package only at its start.
_PLUGINS_COMMAND = "from ivrkit.cli.main import main; main(prog_name='ivrkit')"


def install_packages(arguments: Sequence[str]) -> None:
    """Install packages with pip or uv.

    :param arguments: the arguments for ``pip install``.
    :raises IvrkitError: if the installer fails or is missing.
    """
    _run_installer("install", arguments)


def uninstall_packages(names: Sequence[str]) -> None:
    """Uninstall packages without asking.

    :raises IvrkitError: if the installer fails or is missing.
    """
    _run_installer("uninstall", names)


def print_plugins() -> int:
    """Print the output of ``ivrkit plugins``, run in a new process.

    :returns: the exit code of ``ivrkit plugins``: 0, or 1 if the phone tree can't be loaded.
    """
    command = [sys.executable, "-c", _PLUGINS_COMMAND, "plugins"]
    return subprocess.run(command, check=False).returncode  # noqa: S603  our own command line


def _run_installer(action: str, arguments: Sequence[str]) -> None:
    """Run pip or uv. The output of the program goes directly to the terminal.

    :param action: ``install`` or ``uninstall``.
    :param arguments: the arguments after the action.
    :raises IvrkitError: if the installer fails or is missing.
    """
    if importlib.util.find_spec("pip") is not None:
        name, command = "pip", [sys.executable, "-m", "pip", "--disable-pip-version-check", action]
        options = ["--yes"] if action == "uninstall" else []
    elif uv := shutil.which("uv"):
        name, command = "uv", [uv, "pip", action]
        options = ["--python", sys.executable]
    else:
        raise IvrkitError(
            "this environment has no pip, and uv is not installed",
            hint=f"install pip: {sys.executable} -m ensurepip",
        )
    done = subprocess.run([*command, *options, *arguments], check=False)  # noqa: S603  what the user typed
    if done.returncode:
        raise IvrkitError(
            f"{name} {action} failed",
            hint=f"see the output of {name} above; to install from a folder of wheels, add --find-links FOLDER",
        )
