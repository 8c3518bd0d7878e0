"""The session store in a PostgreSQL table, for any number of machines.

A process keeps a few connections open. A thread that needs a new connection opens the connection itself, so this thread
gets the error if the connection attempt fails. There is no background thread, because a forked process would not have
the background thread of its parent.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, cast

from ivrkit.errors import SessionError, StoreUnavailable
from ivrkit.session_store import StoredSession
from ivrkit.sessions.remote import TimeLimit, missing_package
from ivrkit.settings.redaction import redact_url

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

#: The largest number of connections of a process. A statement takes a moment, so many threads can share them.
CONNECTIONS = 8
#: How many sessions one statement removes, so that each statement ends in time.
REMOVED_AT_ONCE = 5000

#: PostgreSQL cancels a statement after this time. Without it, a statement that waits for a lock would go on waiting
#: after its client has given up.
_SET_TIMEOUT = "SET statement_timeout = 1500"
# ``earliest`` is the expiry that a call started with. Only that column is indexed, because ``expires`` changes with
# every webhook: PostgreSQL updates a row within its page, without writing an index, if no indexed column changes and
# the page has room (https://www.postgresql.org/docs/current/storage-hot.html). The fill factor leaves that room.
# The lock is for processes that create the table at the same time.
_SCHEMA = """
SELECT pg_advisory_xact_lock(20240501, 1);
CREATE TABLE IF NOT EXISTS ivrkit_sessions (
    sid text PRIMARY KEY,
    turn integer NOT NULL,
    earliest double precision NOT NULL,
    expires double precision NOT NULL,
    body text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS ivrkit_sessions_by_earliest ON ivrkit_sessions (earliest);
"""
_LOAD = "SELECT sid, turn, expires, body FROM ivrkit_sessions WHERE sid = %s"
# Compare and set in one statement: it changes no row if the table has a later turn than the expected one, unless that
# is exactly this session.
_SAVE = """
INSERT INTO ivrkit_sessions AS stored (sid, turn, earliest, expires, body)
VALUES (%(sid)s, %(turn)s, %(expires)s, %(expires)s, %(body)s)
ON CONFLICT (sid) DO UPDATE SET turn = excluded.turn, expires = excluded.expires, body = excluded.body
WHERE stored.turn <= %(expected)s OR (stored.turn = excluded.turn AND stored.body = excluded.body)
"""
_REMOVE_EXPIRED = """
DELETE FROM ivrkit_sessions WHERE expires < %(now)s AND sid = ANY (ARRAY (
    SELECT sid FROM ivrkit_sessions WHERE earliest < %(now)s AND expires < %(now)s LIMIT %(limit)s
))
"""

# An error of a connection attempt has no code, only the texts of libpq and of the server. An error with one of the
# temporary texts may go away. An error with one of the other texts does not, and any other error may.
_TEMPORARY_TEXTS = ("starting up", "shutting down", "recovery mode", "not accepting", "too many", "connection slots")
_SETTINGS_TEXTS = ("FATAL:", "certificate", "does not support SSL", "no password supplied", "authentication")


class PostgreSQLStore:
    """A session store in a PostgreSQL database.

    The store connects at its first use. If the table for the sessions does not exist, the store creates the table.

    :param url: a URL that libpq can read. The URL starts with ``postgresql://`` or ``postgres://``.
    :raises SessionError: if libpq cannot read the URL, or if psycopg is not installed.
    """

    #: PostgreSQL is reached over a network.
    remote = True

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            import psycopg.conninfo
        except ImportError as error:
            raise missing_package(url, "psycopg", "postgresql") from error
        self._psycopg: Any = psycopg
        self._shown_url = redact_url(url)
        self._limit = TimeLimit()
        self._pools: dict[int, _ConnectionPool] = {}
        self._connection_class: Any = type(
            "LimitedConnection", (_LimitedConnection, psycopg.Connection), {"limit": self._limit}
        )
        try:
            options = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # its message can have a part of the password
            raise SessionError(
                f"the session store {self._shown_url}: libpq cannot read this URL",
                hint="write postgresql://USER:PASSWORD@HOST:PORT/NAME, and percent-encode / ? # @ % in the password",
            ) from None
        self._conninfo = psycopg.conninfo.make_conninfo(
            "", **{"fallback_application_name": "ivrkit", **cast(Any, options)}
        )

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None`` if the table has no session of this call."""
        self._limit.start()
        rows, _ = self._run(_LOAD, (_key(sid),))
        return StoredSession(sid, *rows[0][1:]) if rows else None

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session in one atomic statement, unless the table already has a later turn than ``expected_turn``.

        :param expected_turn: the turn number of the session when the webhook read the session.
        :returns: whether the table has this session now.
        """
        self._limit.start()
        return self._run(_SAVE, {**session._asdict(), "sid": _key(session.sid), "expected": expected_turn})[1] == 1

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``, and return the number of removed sessions.

        If the time limit is too short for all expired sessions, the remaining sessions stay in the table until the next
        removal.

        :param now: a time in seconds since 1970.
        """
        self._limit.start()
        removed = 0
        while True:
            count = self._run(_REMOVE_EXPIRED, {"now": now, "limit": REMOVED_AT_ONCE})[1]
            removed += count
            if count < REMOVED_AT_ONCE or self._limit.remaining() < 1:
                return removed

    def close(self) -> None:
        """Close the connections that are not in use. The next request opens a new connection."""
        self._pool().clear()

    def _pool(self) -> _ConnectionPool:
        """Return the connection pool of this process.

        A forked process gets a pool of its own, because a process must not use the connections of its parent.
        """
        process_id = os.getpid()
        return self._pools.get(process_id) or self._pools.setdefault(process_id, _ConnectionPool())

    def _run(self, statement: str, values: object) -> tuple[list[Any], int]:
        """Run one SQL statement within the time limit of the current operation.

        If an open connection is broken, the statement runs again on a new connection. For a save this is safe, because
        a save that is repeated changes nothing.

        :returns: the rows of the result, and the number of rows that were changed.
        :raises SessionError: for every error of psycopg.
        """
        pool = self._pool()
        try:
            connection = pool.take(self._limit.remaining())
        except queue.Empty:
            raise self._error(self._psycopg.OperationalError(f"all {CONNECTIONS} connections are in use")) from None
        try:
            if connection is not None:
                try:
                    return self._execute(connection, statement, values)
                except self._psycopg.OperationalError:
                    if not connection.closed or self._limit.remaining() <= 0:
                        raise
                    pool.clear()  # the server was probably restarted, so the other connections are broken as well
            connection = self._connect()
            return self._execute(connection, statement, values)
        except (self._psycopg.Error, ValueError) as error:  # a text that is not valid UTF-8 is a ValueError
            raise self._error(error) from error
        finally:
            pool.give_back(connection)

    def _connect(self) -> Connection:
        connection: Connection = self._connection_class.connect(self._conninfo, autocommit=True)
        try:
            connection.execute(_SET_TIMEOUT)
        except BaseException:
            connection.close()
            raise
        return connection

    def _execute(self, connection: Connection, statement: str, values: object) -> tuple[list[Any], int]:
        """Run a statement. If the table does not exist, create the table and run the statement again."""
        try:
            cursor = connection.execute(cast(Any, statement), cast(Any, values))
        except self._psycopg.errors.UndefinedTable:
            connection.execute(cast(Any, _SCHEMA), prepare=False)
            cursor = connection.execute(cast(Any, statement), cast(Any, values))
        return cursor.fetchall() if cursor.description else [], cursor.rowcount

    def _error(self, error: Exception) -> SessionError:
        message = f"the session store {self._shown_url}: {str(error).strip()}"
        if self._is_temporary(error):
            hint = "check that PostgreSQL is running, reachable from here and able to write; see its log"
            return StoreUnavailable(message, hint=hint)
        hint = "session_url must have a database, and a user who may create and write its table ivrkit_sessions"
        return SessionError(message, hint=hint)

    def _is_temporary(self, error: Exception) -> bool:
        """Return whether an error may go away without a change of the settings.

        PostgreSQL's error codes are in https://www.postgresql.org/docs/current/errcodes-appendix.html. A code that
        starts with 28 means a wrong user or password. A code that starts with 3D means a missing database. The code
        25006 means a read-only server, such as a standby.
        """
        code = getattr(error, "sqlstate", None) or ""
        if not isinstance(error, self._psycopg.OperationalError):
            return code == "25006"
        message = str(error)
        if code == "":
            return any(text in message for text in _TEMPORARY_TEXTS) or not any(
                text in message for text in _SETTINGS_TEXTS
            )
        return code[:2] not in ("28", "3D")


def _key(sid: str) -> str:
    """Return the CallSid as the table has it.

    PostgreSQL stores no NUL and no half of a surrogate pair. A forged CallSid can have them, and must not be an error
    of the store: the circuit breaker would keep all calls from the store. So the table has a hash in its place.
    """
    encoded = sid.encode("utf-8", "surrogatepass")
    is_text = "\0" not in sid and encoded.decode("utf-8", "replace") == sid
    return sid if is_text else f"sha256 {hashlib.sha256(encoded).hexdigest()}"


class _ConnectionPool:
    """The PostgreSQL connections of one process.

    The pool is a queue with one entry for each connection that is not in use. The entry is the open connection, or
    ``None`` if the connection is not open yet. The queue returns the newest entry first, so a process opens a second
    connection only while the first connection is in use.
    """

    def __init__(self) -> None:
        self._entries: queue.LifoQueue[Connection | None] = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._entries.put(None)

    def take(self, timeout: float) -> Connection | None:
        """Return an open connection, or ``None`` if the thread has to open a new connection.

        Each call of this method must be followed by one call of :meth:`give_back`.

        :param timeout: the longest time to wait for a connection, in seconds.
        :raises queue.Empty: if all connections are in use during this time.
        """
        return self._entries.get(timeout=max(timeout, 0))

    def give_back(self, connection: Connection | None) -> None:
        """Put a connection back into the pool. Close a connection that is broken or still runs a statement.

        :param connection: the connection, or ``None`` if no connection was opened.
        """
        if connection is not None and connection.pgconn.transaction_status != 0:  # 0 is idle
            connection.close()
            connection = None
        self._entries.put(connection)

    def clear(self) -> None:
        """Close the connections that are not in use."""
        entries = []
        with contextlib.suppress(queue.Empty):
            while True:
                entries.append(self._entries.get_nowait())
        for connection in entries:
            if connection is not None:
                connection.close()
            self._entries.put(None)


class _LimitedConnection:
    """A mixin that limits the time of each connection attempt and of each statement of a psycopg connection."""

    limit: TimeLimit

    @classmethod
    def _connect_gen(cls, *args: Any, **named: Any) -> Any:
        return _end_in_time(cast(Any, super())._connect_gen(*args, **named), cls.limit)

    def wait(self, steps: Any, *args: Any, **named: Any) -> Any:
        """Wait until an operation of psycopg is done, at most until the time limit is over.

        :param steps: the operation, as a generator of psycopg.
        """
        return cast(Any, super()).wait(_end_in_time(steps, self.limit), *args, **named)


def _end_in_time(steps: Generator[Any, Any, Any], limit: TimeLimit) -> Generator[Any, Any, Any]:
    """Run the steps of a psycopg operation, and raise an error when the time limit is over.

    psycopg resumes this generator several times a second, even if the server has sent nothing. So the error comes in
    time.

    :param steps: the operation, as a generator of psycopg.
    :raises psycopg.OperationalError: if the time limit is over before the operation is done.
    """
    from psycopg import OperationalError

    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if limit.remaining() <= 0:
                raise OperationalError("no reply in time")
            wanted = steps.send(ready)
    except StopIteration as done:
        return done.value
