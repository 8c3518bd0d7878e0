"""``ivrkit states``: list the states with their plugin, keys and targets."""

from __future__ import annotations

import json
from typing import Any

import click

from ivrkit.cli.options import json_option, load_flow, table, tree_options
from ivrkit.cli.quarantine_record import entries_to_show
from ivrkit.flow.compile.graph import Edge, edges
from ivrkit.flow.model.state import State
from ivrkit.host.quarantine.record import Entry


@click.command()
@tree_options
@json_option
def states(block: tuple[str, ...], as_json: bool) -> None:
    """List the states with their keys and targets."""
    loaded = load_flow(block)
    flow, closed = loaded.flow, entries_to_show(loaded, block)
    edges_of: dict[str, list[Edge]] = {name: [] for name in flow.states}
    for edge in edges(flow):
        edges_of[edge.state].append(edge)
    found = [(compiled.state, edges_of[name]) for name, compiled in flow.states.items()]
    if as_json:
        click.echo(json.dumps([_as_dict(*each, closed.get(each[0].name)) for each in found], indent=2))
        return
    headings = ("STATE", "PLUGIN", "VERSION", "KEY", "LEADS TO", "QUARANTINE")
    shown = len(headings) if closed else -1
    rows = [_as_row(*each, closed.get(each[0].name)) for each in found]
    click.echo(table(headings[:shown], [row[:shown] for row in rows]))


def _target_name(edge: Edge) -> str:
    return "hang up" if edge.target is None else str(getattr(edge.target, "value", edge.target))


def _as_dict(state: State, outgoing: list[Edge], entry: Entry | None) -> dict[str, Any]:
    return {
        "state": state.name,
        "plugin": state.owner.plugin,
        "version": state.owner.version,
        "options": [{"menu": each.menu, "key": each.key, "label": each.label} for each in state.menu_options],
        "routes": [{"outcome": edge.outcome, "target": _target_name(edge)} for edge in outgoing],
        "quarantine": entry.reason if entry else None,
    }


def _as_row(state: State, outgoing: list[Edge], entry: Entry | None) -> tuple[str, ...]:
    keys = ", ".join(each.key if each.menu == "menu" else f"{each.menu} {each.key}" for each in state.menu_options)
    targets = ", ".join(dict.fromkeys(map(_target_name, outgoing))) or "hang up"
    return state.name, state.owner.plugin, state.owner.version, keys, targets, entry.reason if entry else ""
