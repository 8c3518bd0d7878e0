"""``ivrkit quarantine``: list the states in quarantine, put a state in quarantine, and release states."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from ivrkit.cli.options import json_option, load_flow, table, tree_options
from ivrkit.cli.quarantine_record import change_record
from ivrkit.errors import IvrkitError, nearest
from ivrkit.flow.model.state import State
from ivrkit.host.quarantine.record import Entry, Record, add_entry, clear
from ivrkit.host.quarantine.reports import QuarantineEvent, notify_of_events
from ivrkit.plugins.load import LoadedTree

_HEADINGS = ("STATE", "PLUGIN", "SINCE", "NEXT TRY", "REASON")


@click.group(invoke_without_command=True)
@tree_options
@json_option
@click.pass_context
def quarantine(context: click.Context, block: tuple[str, ...], as_json: bool) -> None:
    """List, add or release states in quarantine.

    A state that fails again and again is put in quarantine: callers are not sent to it for a while. Without a command,
    the states in quarantine are listed. The states are read from the session store.
    """
    if context.invoked_subcommand is None:
        loaded = load_flow(block)
        _print(change_record(loaded, block)[1].entries, loaded, as_json=as_json)
    elif block or as_json:
        command = context.invoked_subcommand
        raise click.UsageError(f"Write the options after the command: ivrkit quarantine {command} [OPTIONS].")


@quarantine.command(name="list")
@tree_options
@json_option
def list_entries(block: tuple[str, ...], as_json: bool) -> None:
    """List the states in quarantine."""
    loaded = load_flow(block)
    _print(change_record(loaded, block)[1].entries, loaded, as_json=as_json)


@quarantine.command(name="add")
@click.argument("state")
@click.option("--reason", default="put in quarantine by a person", help="Why, for logs and lists.")
@tree_options
@json_option
def add_state(state: str, reason: str, block: tuple[str, ...], as_json: bool) -> None:
    """Put a state in quarantine until released.

    Callers are not sent to the state from the next second on. Callers who are in the state can go on, but its functions
    are not called.
    """
    loaded = load_flow(block)
    _check_names([state], loaded.flow.states)
    entry = Entry(reason, time.time())
    _, changed = change_record(loaded, block, partial(add_entry, state=state, entry=entry))
    _notify(loaded, [QuarantineEvent(loaded.flow.states[state].state, entry)])
    _print_result(f"{state} is in quarantine: {reason}", changed, loaded, as_json=as_json)


@quarantine.command(name="clear")
@click.argument("states", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Release all states.")
@tree_options
@json_option
def clear_states(states: tuple[str, ...], every: bool, block: tuple[str, ...], as_json: bool) -> None:
    """Release states from quarantine.

    Callers are sent to the states from the next second on, and earlier failures no longer count.
    """
    if bool(states) == every:
        raise click.UsageError("Name the states to release, or use --all.")
    loaded = load_flow(block)
    now = time.time()

    def change(record: Record) -> Record:
        _check_names(states, {**loaded.flow.states, **record.entries})
        for name in states or record.entries:
            record = clear(record, name, now)
        return record

    before, changed = change_record(loaded, block, change)
    released = [name for name in states or before.entries if name in before.entries]
    known = loaded.flow.states
    _notify(loaded, [QuarantineEvent(known[name].state, None) for name in released if name in known])
    lines = [f"{name} is released" if name in released else f"{name} was not in quarantine" for name in states]
    lines = lines or [f"{name} is released" for name in released] or ["No state was in quarantine."]
    _print_result("\n".join(lines), changed, loaded, as_json=as_json)


def _check_names(names: Sequence[str], known: Mapping[str, object]) -> None:
    """Raise an error if a state does not exist.

    :raises IvrkitError: for the first unknown name.
    """
    for name in names:
        if name not in known:
            raise IvrkitError(
                f"the state {name!r} does not exist{nearest(name, known)}", hint=f"its states: {', '.join(known)}"
            )


def _notify(loaded: LoadedTree, events: Sequence[QuarantineEvent]) -> None:
    notify_of_events(loaded.observers, events)


def _print_result(text: str, record: Record, loaded: LoadedTree, *, as_json: bool) -> None:
    """Print what a command has done, or the states that are in quarantine now as JSON."""
    if as_json:
        _print(record.entries, loaded, as_json=True)
    else:
        click.echo(text)


def _print(entries: Mapping[str, Entry], loaded: LoadedTree, *, as_json: bool) -> None:
    """Print the states in quarantine, as a table or as JSON."""
    states = {name: compiled.state for name, compiled in loaded.flow.states.items()}
    if as_json:
        click.echo(json.dumps([_as_dict(name, entry, states.get(name)) for name, entry in entries.items()], indent=2))
    elif entries:
        click.echo(table(_HEADINGS, [_as_row(name, entry, states.get(name)) for name, entry in entries.items()]))
    else:
        click.echo("No state is in quarantine.")


def _owner(entry: Entry, state: State | None) -> str:
    """Return the plugin that the entry is for, else the plugin that offers the state now, else ``-``."""
    return entry.owner or (str(state.owner) if state else "-")


def _as_dict(name: str, entry: Entry, state: State | None) -> dict[str, Any]:
    return {
        "state": name,
        "plugin": _owner(entry, state),
        "since": _time(entry.since),
        "next_try": None if entry.retry_at is None else _time(entry.retry_at),
        "trial_call": entry.trial_sid if entry.is_on_trial(time.time()) else None,
        "reason": entry.reason,
    }


def _as_row(name: str, entry: Entry, state: State | None) -> tuple[str, ...]:
    next_try = "when released" if entry.retry_at is None else _time(entry.retry_at)
    if entry.is_on_trial(time.time()):
        next_try = "now"
    return name, _owner(entry, state), _time(entry.since), next_try, entry.reason


def _time(seconds: float) -> str:
    """Return a time in UTC, such as ``2026-03-02T09:14:07Z``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
