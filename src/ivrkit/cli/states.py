"""``ivrkit states``: every state that is served, who owns it, how it is reached and where it leads."""

from __future__ import annotations

import json
from typing import Any

import click

from ivrkit.cli.options import json_option, load_flow, table, tree_options
from ivrkit.flow.compile.graph import Edge, edges
from ivrkit.flow.model.state import State


@click.command()
@tree_options
@json_option
def states(block: tuple[str, ...], as_json: bool) -> None:
    """List the states, who owns each, its keys, and where it leads."""
    flow = load_flow(block).flow
    leads = {name: [edge for edge in edges(flow) if edge.state == name] for name in flow.states}
    found = [(compiled.state, leads[name]) for name, compiled in flow.states.items()]
    if as_json:
        click.echo(json.dumps([_as_dict(state, ways) for state, ways in found], indent=2))
    else:
        click.echo(table(("STATE", "PLUGIN", "VERSION", "KEY", "LEADS TO"), [_as_row(*each) for each in found]))


def _target(edge: Edge) -> str:
    return "hang up" if edge.target is None else str(getattr(edge.target, "value", edge.target))


def _as_dict(state: State, ways: list[Edge]) -> dict[str, Any]:
    return {
        "state": state.name,
        "plugin": state.owner.plugin,
        "version": state.owner.version,
        "options": [{"menu": each.menu, "key": each.key, "label": each.label} for each in state.menu_options],
        "routes": [{"outcome": edge.outcome, "target": _target(edge)} for edge in ways],
    }


def _as_row(state: State, ways: list[Edge]) -> tuple[str, ...]:
    keys = ", ".join(each.key if each.menu == "menu" else f"{each.menu} {each.key}" for each in state.menu_options)
    targets = ", ".join(dict.fromkeys(map(_target, ways))) or "hang up"
    return state.name, state.owner.plugin, state.owner.version, keys, targets
