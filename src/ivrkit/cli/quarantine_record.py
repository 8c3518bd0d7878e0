"""The record of the quarantine, for the commands that show or change it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from ivrkit.cli.app_tree import app_tree
from ivrkit.cli.options import try_load_settings_with
from ivrkit.errors import SessionError
from ivrkit.host.quarantine.open import DEFAULT_TREE
from ivrkit.host.quarantine.record import Entry, Record, valid_entries
from ivrkit.host.quarantine.shared_record import Change, SharedRecord, record_id
from ivrkit.plugins.load import LoadedTree
from ivrkit.sessions import SessionManager
from ivrkit.sessions.open import make_sessions
from ivrkit.settings import Settings

#: The scheme of the store in a file, which a command must not create.
_SQLITE = "sqlite:///"


def change_record(loaded: LoadedTree, block: Sequence[str], change: Change | None = None) -> tuple[Record, Record]:
    """Read the record from the session store, and change it.

    :param loaded: the loaded phone tree.
    :param block: the plugins that the option ``--block`` names.
    :param change: the change, or ``None`` to read only.
    :returns: the record before and after the change.
    :raises SessionError: if there is no session store, or if the store fails.
    """
    with _opened_sessions(try_load_settings_with(block).settings, loaded) as sessions:
        if sessions.store is None:
            raise SessionError(
                "session_url must be a session store, not 'cookie:': without a store, each process has a quarantine of "
                "its own, which a command cannot see",
                hint="set session_url to a store, such as sqlite:///calls.sqlite3",
            )
        in_app = app_tree()
        key = record_id(in_app.name if in_app else DEFAULT_TREE)
        return SharedRecord(sessions.store, sessions.breaker, key, time.time).change_in_store(sessions.store, change)


def entries_to_show(loaded: LoadedTree, block: Sequence[str]) -> Mapping[str, Entry]:
    """Return the entries for the states of a phone tree. If the record cannot be read, print a warning.

    Without a session store, and before the first call, there are no entries.

    :param loaded: the loaded phone tree.
    :param block: the plugins that the option ``--block`` names.
    """
    url = try_load_settings_with(block).settings.session_url
    if url.startswith("cookie:") or (url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists()):
        return {}
    try:
        record, _ = change_record(loaded, block)
    except SessionError as error:
        click.echo(f"Warning: the quarantine cannot be read: {error}", err=True)
        return {}
    return valid_entries(record, {name: compiled.state for name, compiled in loaded.flow.states.items()})


@contextmanager
def _opened_sessions(settings: Settings, loaded: LoadedTree) -> Iterator[SessionManager]:
    """Return a context manager with the session manager of the app, or with one that is closed at the end."""
    in_app = app_tree()
    if in_app is not None:
        yield in_app.mounted.sessions
        return
    sessions = make_sessions(settings.session_url, loaded.stores, settings.secrets(), settings.language)
    try:
        yield sessions
    finally:
        sessions.close()
