"""SessionManager in a table of PostgreSQL: for any number of machines.

Connections are few and kept; each is made by the thread that needs it, so that its error is told to that thread, and
no thread runs in the background that a fork would lose.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, cast

from ivrkit.errors import SessionError, StoreUnavailable
from ivrkit.session_store import StoredSession
from ivrkit.sessions.remote import TimeLimit, missing_package, redact_url

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

#: How many connections a process has at most. A statement takes a moment, so many more threads can share them.
CONNECTIONS = 8
#: How many calls are removed by one statement, so that it is over in time.
AT_ONCE = 5000

#: After what PostgreSQL itself gives a statement up, so that none that nobody waits for any more stays behind a lock.
_PREPARE = "SET statement_timeout = 1500"
#: ``earliest`` is the expiry that a call began with; only it is indexed, because ``expires`` moves on with every
#: webhook. A row whose indexed columns stay the same is updated within its page, where there is room for it
#: (https://www.postgresql.org/docs/current/storage-hot.html). The lock is for processes that make the table at once.
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
_SAVE = """
INSERT INTO ivrkit_sessions AS kept (sid, turn, earliest, expires, body)
VALUES (%(sid)s, %(turn)s, %(expires)s, %(expires)s, %(body)s)
ON CONFLICT (sid) DO UPDATE SET turn = excluded.turn, expires = excluded.expires, body = excluded.body
WHERE kept.turn <= %(expected)s OR (kept.turn = excluded.turn AND kept.body = excluded.body)
"""
_REMOVE = """
DELETE FROM ivrkit_sessions WHERE expires < %(now)s AND sid = ANY (ARRAY (
    SELECT sid FROM ivrkit_sessions WHERE earliest < %(now)s AND expires < %(now)s LIMIT %(most)s
))
"""

#: What PostgreSQL says to somebody who connects, and what passes; libpq gives its words alone, and no code.
_PASSES = ("starting up", "shutting down", "recovery mode", "not accepting", "too many", "connection slots")
#: What a connection is refused for and what does not pass.
_STAYS = ("FATAL:", "certificate", "does not support SSL", "no password supplied", "authentication")


class PostgreSQLStore:
    """SessionManager in a database of PostgreSQL. Nothing is connected before the first use, and the table made by it.

    :param url: ``postgresql://`` or ``postgres://``, as libpq reads it.
    :raises SessionError: for a URL that libpq does not take, or when psycopg is missing.
    """

    #: It is reached over a network.
    remote = True

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            import psycopg.conninfo
        except ImportError as error:
            raise missing_package(url, "psycopg", "postgresql") from error
        self._library: Any = psycopg
        self._shown = redact_url(url)
        self._limit = TimeLimit()
        self._pools: dict[int, _Pool] = {}
        self._connection: Any = type("Limited", (_Limited, psycopg.Connection), {"limit": self._limit})
        try:
            given = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # what it says may hold a part of the password
            raise SessionError(
                f"the session store {self._shown}: libpq does not take this URL",
                hint="it is postgresql://USER:PASSWORD@HOST:PORT/NAME, and / ? # @ % in a password are percent-encoded",
            ) from None
        self._conninfo = psycopg.conninfo.make_conninfo(
            "", **{"fallback_application_name": "ivrkit", **cast(Any, given)}
        )

    def load(self, sid: str) -> StoredSession | None:
        """Return what is kept of a call; one statement."""
        rows, _ = self._run(_LOAD, (sid,))
        return StoredSession(*rows[0]) if rows else None

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session, unless the table has a later turn than the expected one; one statement."""
        return self._run(_SAVE, {**session._asdict(), "expected": expected_turn})[1] == 1

    def remove_expired(self, now: float) -> int:
        """Remove the calls that expired before ``now``; return how many. What is not done in time is left for later."""
        removed = 0
        while True:
            found = self._run(_REMOVE, {"now": now, "most": AT_ONCE}, anew=removed == 0)[1]
            removed += found
            if found < AT_ONCE or self._limit.remaining() < 1:
                return removed

    def close(self) -> None:
        """Close the connections that nobody uses at the moment; the next use opens another."""
        self._pool().clear()

    def _pool(self) -> _Pool:
        """Return the connections of this process; those of the process that it was forked from are left alone."""
        process = os.getpid()
        return self._pools.get(process) or self._pools.setdefault(process, _Pool())

    def _run(self, statement: str, values: object, *, anew: bool = True) -> tuple[list[Any], int]:
        """Run one statement, within the time of a store.

        :param anew: whether the time begins with it.
        :returns: the rows that it found, and how many it changed.
        :raises SessionError: for whatever psycopg says.
        """
        if anew:
            self._limit.start()
        pool = self._pool()
        try:
            if not pool.places.acquire(timeout=max(self._limit.remaining(), 0)):
                raise self._library.OperationalError(f"all {CONNECTIONS} connections are in use")
            try:
                return self._try(pool, statement, values)
            finally:
                pool.places.release()
        except (self._library.Error, ValueError) as error:  # a text that is no UTF-8 is a ValueError
            raise self._error(error) from error

    def _try(self, pool: _Pool, statement: str, values: object) -> tuple[list[Any], int]:
        """Run a statement on a connection that was kept, on a new one when that is broken, and make what is missing.

        A save can be run twice: what is kept already is no refusal.
        """
        connection = pool.take()
        if connection is not None:
            try:
                return self._ask(connection, statement, values)
            except self._library.OperationalError:
                if not connection.closed or self._limit.remaining() <= 0:
                    raise
                pool.clear()  # PostgreSQL was restarted: the others are broken as well
            except self._library.errors.UndefinedTable:
                pass
            finally:
                pool.give_back(connection)
        connection = self._connect()
        try:
            try:
                return self._ask(connection, statement, values)
            except self._library.errors.UndefinedTable:
                connection.execute(cast(Any, _SCHEMA), prepare=False)
                return self._ask(connection, statement, values)
        finally:
            pool.give_back(connection)

    def _connect(self) -> Connection:
        connection: Connection = self._connection.connect(self._conninfo, autocommit=True)
        try:
            connection.execute(_PREPARE)
        except BaseException:
            connection.close()
            raise
        return connection

    def _ask(self, connection: Connection, statement: str, values: object) -> tuple[list[Any], int]:
        cursor = connection.execute(cast(Any, statement), cast(Any, values))
        return cursor.fetchall() if cursor.description else [], cursor.rowcount

    def _error(self, error: Exception) -> SessionError:
        message = f"the session store {self._shown}: {str(error).strip()}"
        if self._may_pass(error):
            hint = "PostgreSQL must be running, reachable from here, and able to write; its own log says more"
            return StoreUnavailable(message, hint=hint)
        hint = "session_url must name a database, and a user who may make and write the table ivrkit_sessions in it"
        return SessionError(message, hint=hint)

    def _may_pass(self, error: Exception) -> bool:
        """Return whether it may be otherwise in a while, with the same settings.

        The codes: https://www.postgresql.org/docs/current/errcodes-appendix.html. 28 is a wrong user or password, 3D a
        database that there is not, 25006 a server that takes no writes, such as a standby.
        """
        code = getattr(error, "sqlstate", None) or ""
        if not isinstance(error, self._library.OperationalError):
            return code == "25006"
        told = str(error)
        if code == "":
            return any(each in told for each in _PASSES) or not any(each in told for each in _STAYS)
        return code[:2] not in ("28", "3D")


class _Pool:
    """The connections of one process: those that nobody uses, the last one used first, and places for so many."""

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(CONNECTIONS)
        self._free: deque[Connection] = deque()

    def take(self) -> Connection | None:
        """Return a connection that is the caller's own until it is given back, ``None`` when there is none."""
        try:
            return self._free.pop()
        except IndexError:
            return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next one; close it when a statement was not done on it."""
        if connection.pgconn.transaction_status == 0:  # idle
            self._free.append(connection)
        else:
            connection.close()

    def clear(self) -> None:
        """Close what nobody uses."""
        while (connection := self.take()) is not None:
            connection.close()


class _Limited:
    """What makes a connection of psycopg keep to a time limit, its beginning included."""

    limit: TimeLimit

    @classmethod
    def _connect_gen(cls, *given: Any, **named: Any) -> Any:
        return _in_time(cast(Any, super())._connect_gen(*given, **named), cls.limit)

    def wait(self, steps: Any, *given: Any, **named: Any) -> Any:
        """Wait for what psycopg does step by step."""
        return cast(Any, super()).wait(_in_time(steps, self.limit), *given, **named)


def _in_time(steps: Generator[Any, Any, Any], limit: TimeLimit) -> Generator[Any, Any, Any]:
    """Return the steps of something that psycopg waits for, with an end when the time is over.

    psycopg comes by several times a second, whether there is something to read or not.
    """
    from psycopg import OperationalError

    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if limit.remaining() <= 0:
                raise OperationalError("no answer in time")
            wanted = steps.send(ready)
    except StopIteration as done:
        return done.value
