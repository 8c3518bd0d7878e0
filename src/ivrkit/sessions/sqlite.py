"""The session store in an SQLite file, for one machine with any number of threads and processes.

The journal is a write-ahead log, so readers and the one writer do not wait for each other. With ``synchronous=NORMAL``
the file stays valid if a process or the machine crashes, but after a crash of the machine the last saves may be lost
(https://www.sqlite.org/wal.html).
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

#: How long a statement waits for a lock, in seconds. The caller waits meanwhile.
LOCK_TIMEOUT = 1.5

# A row has some thousand bytes, so the table has row numbers: a table without them would write twice as many pages
# (https://www.sqlite.org/withoutrowid.html). ``earliest`` is the expiry that a call started with. Only that column is
# indexed: ``expires`` changes with every webhook, and an index over it would be written each time.
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
# Compare and set in one statement: it changes no row if the table has a later turn than the expected one, unless that
# is exactly this session.
_SAVE = """INSERT INTO sessions (sid, turn, earliest, expires, body) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (sid) DO UPDATE SET turn = excluded.turn, expires = excluded.expires, body = excluded.body
    WHERE sessions.turn <= ? OR (sessions.turn = excluded.turn AND sessions.body = excluded.body)"""
_REMOVE_EXPIRED = "DELETE FROM sessions WHERE earliest < ? AND expires < ?"
#: The errors that may go away without a change of the settings, with their hints: https://www.sqlite.org/rescode.html
_TEMPORARY_ERRORS = {
    sqlite3.SQLITE_BUSY: "another program has locked the file: stop it, or give ivrkit a file of its own",
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_IOERR: "check the disk: its free space, its health and the system log",
}


class SQLiteStore:
    """A session store in an SQLite file, with one connection for each thread.

    :param path: the path of the file. If the file does not exist, the store creates a file that only its owner can
        read.
    :raises SessionError: if the file cannot be opened, or if the file is not a session store.
    """

    #: The file is on this machine.
    remote = False

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        self._local = threading.local()
        self._create_file()
        self._execute("SELECT 1 FROM sessions")  # so that a wrong file is an error at start, and not during a call

    def _create_file(self) -> None:
        """Create the file with permissions for its owner only, unless the file exists.

        An existing file must not be opened and closed here. A process that closes the file without SQLite loses all the
        locks that SQLite holds on the file for this process. Then another connection could damage the file
        (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        """
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError as error:
            if Path(self._path).is_dir():
                is_directory = IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self._path)
                raise self._error(is_directory) from error
        except OSError as error:
            raise self._error(error) from error

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None`` if the table has no session of this call."""
        rows, _ = self._execute(_LOAD, (sid,))
        return StoredSession(*rows[0]) if rows else None

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session in one atomic statement, unless the table already has a later turn than ``expected_turn``.

        :param expected_turn: the turn number of the session when the webhook read the session.
        :returns: whether the table has this session now.
        """
        values = (session.sid, session.turn, session.expires, session.expires, session.body, expected_turn)
        _, changed = self._execute(_SAVE, values)
        return changed == 1

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``, and return the number of removed sessions.

        :param now: a time in seconds since 1970.
        """
        return self._execute(_REMOVE_EXPIRED, (now, now))[1]

    def close(self) -> None:
        """Close the connection of this thread. The next statement opens a new connection."""
        current: _ThreadConnection | None = getattr(self._local, "current", None)
        if current is not None:
            current.connection.close()
            self._local.current = None

    def _execute(self, statement: str, values: tuple[object, ...] = ()) -> tuple[list[Any], int]:
        """Run one SQL statement on the connection of this thread.

        :returns: the rows of the result, and the number of rows that were changed.
        :raises SessionError: for every error of SQLite.
        """
        try:
            connection = self._connection()
            try:
                cursor = connection.execute(statement, values)
            except sqlite3.ProgrammingError:  # other code of this process has closed the connection
                self._local.current = None
                cursor = self._connection().execute(statement, values)
            return cursor.fetchall(), cursor.rowcount
        except (sqlite3.Error, OSError) as error:
            raise self._error(error) from error

    def _connection(self) -> sqlite3.Connection:
        """Return the connection of this thread. Open the connection if this thread has none."""
        current: _ThreadConnection | None = getattr(self._local, "current", None)
        # A forked process has its parent's connections. SQLite does not allow it to use them.
        if current is None or current.process_id != os.getpid():
            current = self._local.current = _ThreadConnection(self._path, inherited=current)
        return current.connection

    def _error(self, error: Exception) -> SessionError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bits only add detail
        if code in _TEMPORARY_ERRORS:
            return StoreUnavailable(f"the session file {self._path}: {error}", hint=_TEMPORARY_ERRORS[code])
        return SessionError(
            f"the session file {self._path}: {error}",
            hint="session_url must name a file that this process may write, in a folder that exists",
        )


class _Connection(sqlite3.Connection):
    """A connection that closes itself when nothing refers to it.

    The process that opened the connection closes it. SQLite does not allow a fork of this process to close it.
    """

    process_id = 0

    def __del__(self) -> None:
        """Close the connection, unless this process is a fork of the process that opened the connection."""
        if self.process_id == os.getpid():
            self.close()


class _ThreadConnection:
    """The SQLite connection of one thread in one process. The connection is closed when the thread ends.

    :param path: the path of the SQLite file.
    :param inherited: after a fork, the connection that the parent process opened; otherwise ``None``. SQLite does not
        allow the forked process to close that connection. A reference to the connection keeps the garbage collector
        from closing the connection.
    """

    def __init__(self, path: str, inherited: _ThreadConnection | None) -> None:
        self.connection = sqlite3.connect(
            path, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        self.process_id = self.connection.process_id = os.getpid()
        self.inherited = inherited
        self._set_wal_mode()
        self.connection.execute("PRAGMA synchronous = NORMAL")
        for statement in _SCHEMA:
            self.connection.execute(statement)

    def _set_wal_mode(self) -> None:
        """Set the journal mode to WAL (write-ahead log).

        SQLite does not wait if another process sets the journal mode at the same time. So this method repeats the
        statement until the statement succeeds, at most for :data:`LOCK_TIMEOUT` seconds.

        :raises sqlite3.OperationalError: if the file is still locked after this time.
        """
        end = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return
