"""The environment that ivrkit runs in: puts packages into it, and takes them out, by pip or by uv."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence

from ivrkit.errors import IvrkitError


def _installer() -> list[str]:
    """Return the command that installs here: pip where the environment has it, else uv.

    :raises IvrkitError: when there is neither.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "pip"]
    raise IvrkitError(
        "this environment has no pip, and there is no uv", hint=f"put pip into it: {sys.executable} -m ensurepip"
    )


def install(arguments: Sequence[str]) -> None:
    """Install what the arguments of pip say.

    :raises IvrkitError: with all that pip said, when it could not.
    """
    _run("install", arguments)


def uninstall(names: Sequence[str]) -> None:
    """Uninstall distributions.

    :raises IvrkitError: with all that pip said, when it could not.
    """
    _run("uninstall", names)


def _run(what: str, arguments: Sequence[str]) -> None:
    command = _installer()
    by_uv = command[-1] == "pip" and command[0] != sys.executable
    options = ["--python", sys.executable] if by_uv else ["--yes"] if what == "uninstall" else []
    done = subprocess.run(  # noqa: S603  the installer's command line, with the arguments of whoever typed them
        [*command, what, *options, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        who = "uv" if by_uv else "pip"
        raise IvrkitError(
            f"{who} {what} failed, and nothing was changed:\n{done.stdout.rstrip()}",
            hint=f"what {who} says is above; packages from a folder are found with --find-links FOLDER",
        )
