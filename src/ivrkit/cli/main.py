"""The command ``ivrkit``: its commands, and how an error on purpose is printed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click
import importlib_metadata

from ivrkit.errors import IvrkitError

#: Command -> the module that has it, as a function of the same name. Imported when it is asked for.
COMMANDS: Mapping[str, str] = {
    "connect": "ivrkit.cli.connect",
    "dev": "ivrkit.cli.dev",
    "doctor": "ivrkit.cli.doctor",
    "install": "ivrkit.cli.install",
    "new": "ivrkit.cli.new",
    "phone": "ivrkit.cli.phone.command",
    "plugins": "ivrkit.cli.plugins",
    "schema": "ivrkit.cli.schema",
    "serve": "ivrkit.cli.serve",
    "settings": "ivrkit.cli.settings",
    "states": "ivrkit.cli.states",
    "uninstall": "ivrkit.cli.uninstall",
}


class Commands(click.Group):
    """The commands, each imported only when it is asked for."""

    table: Mapping[str, str] = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, ``None`` when there is none of that name."""
        if cmd_name not in self.table:
            return None
        command: click.Command = getattr(importlib.import_module(self.table[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error on purpose is one message with a hint, and no traceback."""
        try:
            return super().invoke(ctx)
        except IvrkitError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)


@click.command(cls=Commands)
@click.version_option(importlib_metadata.version("ivrkit"), prog_name="ivrkit", message="%(prog)s %(version)s")
def main() -> None:
    """Serve phone trees whose states come from installed packages."""
