"""SessionManager in one SQLite file: for one machine, with any number of threads and processes.

WAL lets readers and the one writer work side by side; ``synchronous=NORMAL`` keeps the file whole when a process
dies, and may lose the last moments when the machine does (https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from ivrkit.errors import SessionError, StoreUnavailable
from ivrkit.session_store import StoredSession

#: How long a write waits for another one, in seconds; a caller waits meanwhile.
PATIENCE = 1.5

#: The rows have some thousand bytes, so it is a table with row numbers: one without would write twice the pages
#: (https://www.sqlite.org/withoutrowid.html). ``earliest`` is the expiry that a call began with; only it is indexed,
#: because ``expires`` moves on with every webhook, and an index over it would have to be written each time.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS sessions (
        sid TEXT PRIMARY KEY,
        turn INTEGER NOT NULL,
        earliest REAL NOT NULL,
        expires REAL NOT NULL,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS sessions_by_earliest ON sessions (earliest)",
)
_LOAD = "SELECT sid, turn, expires, body FROM sessions WHERE sid = ?"
_SAVE = """INSERT INTO sessions (sid, turn, earliest, expires, body) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (sid) DO UPDATE SET turn = excluded.turn, expires = excluded.expires, body = excluded.body
    WHERE sessions.turn <= ? OR (sessions.turn = excluded.turn AND sessions.body = excluded.body)"""
_REMOVE = "DELETE FROM sessions WHERE earliest < ? AND expires < ?"
#: What may be over in a while, with what mends it: https://www.sqlite.org/rescode.html
_PASSING = {
    sqlite3.SQLITE_BUSY: "something else has the file locked: end it, or give this host a file of its own",
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_IOERR: "look at the disk: its room, its health, its log",
}


class SQLiteStore:
    """SessionManager in one SQLite file, with a connection kept open for each thread.

    :param path: the file; it is made when it does not exist, readable for its owner alone.
    :raises SessionError: when it can't be opened, or is something else.
    """

    #: It is on this machine.
    remote = False

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        self._local = threading.local()
        self._make()
        self._execute("SELECT 1 FROM sessions")  # whatever is wrong with the file is wrong now, and not in a call

    def _make(self) -> None:
        """Make the file, readable for its owner alone; one that is there is left to SQLite.

        To close it by any other means would drop the locks that this process holds on it, and so damage it
        (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        """
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError as error:
            if Path(self._path).is_dir():
                told = IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self._path)
                raise self._error(told) from error
        except OSError as error:
            raise self._error(error) from error

    def load(self, sid: str) -> StoredSession | None:
        """Return what is kept of a call, ``None`` when nothing is."""
        rows, _ = self._execute(_LOAD, (sid,))
        return StoredSession(*rows[0]) if rows else None

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session, unless the table has a later turn than the expected one; one statement, so it is atomic."""
        values = (session.sid, session.turn, session.expires, session.expires, session.body, expected_turn)
        _, changed = self._execute(_SAVE, values)
        return changed == 1

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``; return how many."""
        return self._execute(_REMOVE, (now, now))[1]

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        kept: _Kept | None = getattr(self._local, "kept", None)
        if kept is not None:
            kept.connection.close()
            self._local.kept = None

    def _execute(self, statement: str, values: tuple[object, ...] = ()) -> tuple[list[Any], int]:
        """Run one statement on this thread's own connection; a forked process opens its own as well.

        :returns: the rows that it found, and how many it changed.
        :raises SessionError: for whatever SQLite says.
        """
        try:
            kept: _Kept | None = getattr(self._local, "kept", None)
            if kept is None or kept.process != os.getpid():
                kept = self._local.kept = _Kept(self._path, inherited=kept)
            cursor = kept.connection.execute(statement, values)
            return cursor.fetchall(), cursor.rowcount
        except (sqlite3.Error, OSError) as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> SessionError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it only says more
        if code in _PASSING:
            return StoreUnavailable(f"the session file {self._path}: {error}", hint=_PASSING[code])
        return SessionError(
            f"the session file {self._path}: {error}",
            hint="session_url must name a file that this process may write, in a folder that exists",
        )


class _Kept:
    """The connection of one thread of one process; closed when the thread is gone, whoever startup_warnings.

    :param path: the file.
    :param inherited: what a fork took along, held here so that another process's connection is not closed.
    """

    def __init__(self, path: str, inherited: _Kept | None) -> None:
        self.connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        self.process = os.getpid()
        self.inherited = inherited
        self._prepare()
        self.connection.execute("PRAGMA synchronous = NORMAL")
        for statement in _SCHEMA:
            self.connection.execute(statement)

    def _prepare(self) -> None:
        """Put the file into WAL mode; SQLite does not wait by itself while another process does the same."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    def __del__(self) -> None:
        """Close the connection, where it was opened."""
        if getattr(self, "process", None) == os.getpid():
            self.connection.close()
