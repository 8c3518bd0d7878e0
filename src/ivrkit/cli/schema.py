"""``ivrkit schema``: the JSON Schema of ``ivrkit.toml`` and of ``*.flow.toml`` files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ivrkit.cli.app_tree import app_tree
from ivrkit.cli.options import tree_options, try_load_settings_with
from ivrkit.errors import IvrkitError
from ivrkit.plugins.load import find_plugins
from ivrkit.schema import schema_of_flow, schema_of_settings


@click.command()
@tree_options
@click.option("--flow", is_flag=True, help="Print the schema of *.flow.toml files instead.")
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def schema(block: tuple[str, ...], flow: bool, output: Path | None) -> None:
    """Print the JSON Schema of ivrkit.toml.

    Editors use the schema to complete and check the file. The schema has the settings and the state kinds of all
    installed plugins.
    """
    in_app = app_tree()
    found = find_plugins(try_load_settings_with(block).settings, in_app.mounted.plugins if in_app else None)
    text = json.dumps(schema_of_flow(found) if flow else schema_of_settings(found), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise IvrkitError(f"{output} can't be written: {error.strerror}", hint="choose another --output") from error
    click.echo(f"Written: {output}", err=True)
