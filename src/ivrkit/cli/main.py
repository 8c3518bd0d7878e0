"""The command ``ivrkit``: it finds the subcommands, and prints errors without a traceback."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click
import importlib_metadata

from ivrkit.errors import IvrkitError

#: Heading in ``--help`` -> command -> the module that has a function of the command's name, with _ in place of -. A
#: module is imported only when its command is needed.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Develop": {
        "new": "ivrkit.cli.new",
        "dev": "ivrkit.cli.dev",
        "phone": "ivrkit.cli.phone.command",
    },
    "Inspect": {
        "plugins": "ivrkit.cli.plugins",
        "states": "ivrkit.cli.states",
        "settings": "ivrkit.cli.settings",
        "schema": "ivrkit.cli.schema",
        "doctor": "ivrkit.cli.doctor",
    },
    "Serve": {
        "serve": "ivrkit.cli.serve",
        "connect": "ivrkit.cli.connect",
        "export-fallback": "ivrkit.cli.export_fallback",
        "quarantine": "ivrkit.cli.quarantine",
    },
    "Packages": {
        "install": "ivrkit.cli.install",
        "uninstall": "ivrkit.cli.uninstall",
    },
}
#: Command -> its module, for all sections.
COMMANDS: Mapping[str, str] = {name: module for section in SECTIONS.values() for name, module in section.items()}
#: The longest summary of a command in ``--help``, so that none is cut off on 80 columns.
MAX_SUMMARY = 45
#: The options that print the help. click passes them on to all subcommands.
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class CommandGroup(click.Group):
    """A click group that imports a command only when the command is used. ``--help`` lists commands in sections."""

    sections: Mapping[str, Mapping[str, str]] = SECTIONS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of ``--help``."""
        return [name for section in self.sections.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and return it, or return ``None`` if the name is unknown."""
        for section in self.sections.values():
            if cmd_name in section:
                command: click.Command = getattr(importlib.import_module(section[cmd_name]), cmd_name.replace("-", "_"))
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands into the help text, in a section for each heading."""
        width = max(map(len, self.list_commands(ctx)))
        for heading, section in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), self._summary(ctx, name)) for name in section])

    def _summary(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        assert command is not None  # noqa: S101  the name comes from the sections
        return command.get_short_help_str(MAX_SUMMARY)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. If an ``IvrkitError`` is raised, print the message and the hint, and exit with code 1."""
        try:
            return super().invoke(ctx)
        except IvrkitError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)


def _installed_version() -> str:
    """Return the version of ivrkit, or a text for ``--version`` if the metadata of ivrkit is not installed."""
    try:
        return importlib_metadata.version("ivrkit")
    except importlib_metadata.PackageNotFoundError:
        return "of unknown version (its metadata is not installed)"


@click.command(cls=CommandGroup, context_settings=HELP_OPTIONS)
@click.version_option(_installed_version(), prog_name="ivrkit", message="%(prog)s %(version)s")
def main() -> None:
    """Develop, inspect and serve a phone tree (IVR)."""
