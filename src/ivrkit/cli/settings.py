"""``ivrkit settings``: every setting with its value, origin, type and owner."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import click

from ivrkit.cli.app_tree import app_tree
from ivrkit.cli.example import example
from ivrkit.cli.fitted_table import fitted_table
from ivrkit.cli.options import json_option, print_missing_file, table, tree_options, try_load_settings_with
from ivrkit.cli.setting_rows import DEFAULT, MASK, Row, rows_named, setting_rows
from ivrkit.errors import SettingsError
from ivrkit.plugins.load import find_plugins
from ivrkit.settings import Settings
from ivrkit.settings.redaction import redact_value

#: The length at which the table cuts values off. The JSON has the whole values.
MAX_LENGTH = 40
_HEADINGS = ("SETTING", "VALUE", "FROM", "TYPE", "OWNER")
#: The columns that a narrow terminal shows: setting, value and origin.
_NARROW = 3


@click.command()
@click.argument("name", required=False)
@click.option("--changed", is_flag=True, help="Show only the settings that are set.")
@tree_options
@json_option
@click.option("--example", "as_example", is_flag=True, help="Print an ivrkit.toml with every setting.")
def settings(name: str | None, changed: bool, block: tuple[str, ...], as_json: bool, as_example: bool) -> None:
    """Show every setting and where it was set.

    Each row has the value, source, type and owner of a setting. Secrets are masked. With NAME, the command shows one
    setting with its description, or the settings of a table such as texts. With --example, the command prints an
    ivrkit.toml in which every setting is commented out: uncomment the settings that you want to change.
    """
    loaded = try_load_settings_with(block)
    in_app = app_tree()
    found = find_plugins(loaded.settings, in_app.mounted.plugins if in_app else None)
    if as_example:  # even if there are problems: the example helps to fix them
        click.echo(example(found.settings, found.state_names), nl=False)
        return
    _print_file(loaded.settings)
    rows = setting_rows(loaded.settings, found.settings)
    rows = rows_named(name, rows) if name else rows
    rows = [row for row in rows if row.origin != DEFAULT] if changed else rows
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], indent=2, default=_plain))
    elif [row.setting for row in rows] == [name]:
        click.echo(_details(rows[0]))
    else:
        click.echo(_as_table(rows) if rows else "All settings have their defaults.")
    if loaded.problems or found.problems:
        raise SettingsError.of([*loaded.problems, *found.problems])


def _print_file(settings: Settings) -> None:
    """Print the path of the settings file to the standard error, because the standard output may be JSON."""
    if settings.file is not None:
        click.echo(f"Settings file: {settings.file}", err=True)
    elif app_tree() is None:
        print_missing_file(settings)


def _plain(value: Any) -> Any:
    """Return a value as a type that JSON has. The fields of a dataclass that have ``repr=False`` are masked."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = {each.name: getattr(value, each.name) if each.repr else MASK for each in fields(value)}
        return redact_value("", shown)
    return _table(value)


def _table(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _details(row: Row) -> str:
    """Return a setting as text, with one line for each of its properties. A terminal gets wrapped lines."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    description = row.description.replace("``", "")
    lines = [
        ("value", _text(row.value)),
        ("from", row.origin),
        ("type", row.type),
        ("owner", row.owner),
        ("description", description[:1].upper() + description[1:]),
    ]
    return "\n".join([row.setting, *(_property(name, text, width) for name, text in lines if text)])


def _property(name: str, text: str, width: int | None) -> str:
    start = f"  {name:<11}  "
    if width is None:
        return start + text
    return textwrap.fill(text, width, initial_indent=start, subsequent_indent=" " * len(start))


def _as_table(rows: list[Row]) -> str:
    """Return the rows as a table. A terminal gets a table that fits its width."""
    cells = [(row.setting, _cell(row.value), row.origin, row.type, row.owner) for row in rows]
    if not sys.stdout.isatty():
        return table(_HEADINGS, cells)
    return fitted_table(_HEADINGS, cells, shutil.get_terminal_size().columns, _NARROW)


def _cell(value: Any) -> str:
    """Return a value as the text of a table cell."""
    text = _text(value)
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 3]}..."


def _text(value: Any) -> str:
    """Return a value as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, tuple | list | Mapping) and not value):
        return "-"
    return value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False)
