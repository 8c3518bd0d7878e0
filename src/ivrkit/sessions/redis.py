"""SessionManager in Redis: for any number of machines, and gone by themselves when they have expired.

A call is a text, its turn and expiry first, with a time to live (https://redis.io/docs/latest/commands/set/). That time
is told as so much from now on, so the clocks of the hosts and of Redis need not agree. A save is a script, and nothing
comes between its steps (https://redis.io/docs/latest/develop/programmability/eval-intro/).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, urlencode

from ivrkit.errors import SessionError, StoreUnavailable
from ivrkit.session_store import StoredSession
from ivrkit.sessions.remote import TimeLimit, missing_package, redact_url

#: How long one address may take to be connected, and one answer to come, in seconds. A name such as ``localhost`` has
#: two addresses: both may be tried before the time is over.
CONNECT, ANSWER = 0.7, 0.9
#: The longest that Redis is told to keep a call, in milliseconds; what is beyond its numbers would be refused.
LONGEST = 10**14

Found = TypeVar("Found")
#: A call is written by one command. Two of them would be a transaction in the file that Redis writes, and Redis 7.0
#: does not read those back where its user ``default`` is off.
_SAVE = """
local kept = redis.call('GET', KEYS[1])
if kept then
    local turn, body = string.match(kept, '^(%d+) %S+ (.*)$')
    if tonumber(turn) > tonumber(ARGV[1]) then
        if turn == ARGV[2] and body == ARGV[4] then return 1 end
        return 0
    end
end
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4], 'PX', ARGV[5])
return 1
"""
_SAVE_NAME = hashlib.sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()

#: Refusals that may pass. An older Redis tells them within the error of the script.
_PASSES = re.compile(r"(^|-)(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN)\b")


class RedisStore:
    """SessionManager in a database of Redis. Nothing is connected before the first use.

    :param url: ``redis://``, ``rediss://`` or ``unix://``, with the options of redis-py, and ``prefix``, which the keys
        begin with.
    :raises SessionError: for a URL that redis-py does not take, or when redis-py is missing.
    """

    #: It is reached over a network.
    remote = True

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise missing_package(url, "redis", "redis") from error
        self._shown = redact_url(url)
        self._library: Any = redis
        self._limit = TimeLimit()
        try:
            self._prefix, rest = _without_prefix(url)
            self._pool = self._pool_of(self._library.connection.parse_url(rest))
        except (TypeError, ValueError):  # what it says may hold a part of the password
            raise SessionError(
                f"the session store {self._shown}: redis-py does not take this URL",
                hint="it is redis://USER:PASSWORD@HOST:PORT/NUMBER, and / ? # @ % in a password are percent-encoded",
            ) from None
        self._client = redis.Redis(connection_pool=self._pool)

    def _pool_of(self, options: Any) -> Any:
        """Return a pool of connections that keep to the time limit; one is made on trial, and not connected."""
        options = {
            "protocol": 2,
            **options,
        }  # what comes with 3 takes more requests to begin, and sets times of its own
        for name, most in (("socket_connect_timeout", CONNECT), ("socket_timeout", ANSWER)):
            options[name] = min(float(options.get(name) or most), most)
        options["retry"] = self._library.retry.Retry(self._library.backoff.NoBackoff(), 0)  # how often is decided here
        options["decode_responses"] = False
        kind = options.pop("connection_class", self._library.Connection)
        limited = type("Limited", (_Limited, kind), {"limit": self._limit, "most": options["socket_connect_timeout"]})
        pool: Any = self._library.ConnectionPool(connection_class=limited, **options)
        pool.make_connection().disconnect()
        pool.reset()
        return pool

    def load(self, sid: str) -> StoredSession | None:
        """Return what is kept of a call; one request."""

        def run() -> StoredSession | None:
            found = cast("bytes | None", self._client.get(self._key(sid)))
            if found is None:
                return None
            turn, expires, body = found.decode().split(" ", 2)
            return StoredSession(sid, int(turn), float(expires), body)

        return self._ask(run)

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session, unless Redis has a later turn than the expected one; one request."""
        left = min(max(int((session.expires - time.time()) * 1000), 1), LONGEST)
        values = (expected_turn, session.turn, repr(session.expires), session.body, left)

        def run() -> Any:
            try:
                return self._client.evalsha(_SAVE_NAME, 1, self._key(session.sid), *values)
            except self._library.exceptions.NoScriptError:
                return self._client.eval(_SAVE, 1, self._key(session.sid), *values)

        return bool(self._ask(run) == 1)

    def remove_expired(self, now: float) -> int:
        """Do nothing: Redis removes what has expired."""
        return 0

    def close(self) -> None:
        """Close the connections that nobody uses at the moment; the next use opens another."""
        self._pool.disconnect(inuse_connections=False)

    def _key(self, sid: str) -> str:
        return f"{self._prefix}session:{sid}"

    def _ask(self, run: Callable[[], Found]) -> Found:
        """Run a request, and once again when its connection was broken.

        A save can be run twice: what is kept already is no refusal.

        :raises SessionError: for whatever redis-py says.
        """
        self._limit.start()
        try:
            try:
                return run()
            except self._library.exceptions.ConnectionError as error:
                if not self._may_pass(error) or self._limit.remaining() <= 0:
                    raise
                return run()
        except (self._library.exceptions.RedisError, ValueError) as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> SessionError:
        message = f"the session store {self._shown}: {error}"
        if self._may_pass(error):
            hint = "Redis must be running, reachable from here, and able to write; its own log says more"
            return StoreUnavailable(message, hint=hint)
        hint = "session_url must have the host, user, password and number of a database that this host may use"
        return SessionError(message, hint=hint)

    def _may_pass(self, error: Exception) -> bool:
        """Return whether it may be otherwise in a while, with the same settings."""
        known = self._library.exceptions
        if isinstance(error, known.AuthenticationError | known.AuthorizationError) or "CERTIFICATE" in str(error):
            return False
        passing = (
            known.ConnectionError,
            known.TimeoutError,
            known.OutOfMemoryError,
            known.ReadOnlyError,
            known.ClusterDownError,
            known.TryAgainError,
        )
        return isinstance(error, passing) or _PASSES.search(str(error)) is not None


def _without_prefix(url: str) -> tuple[str, str]:
    """Return the option that is ours, and the URL without it."""
    address, _, query = url.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    rest = urlencode([each for each in options if each[0] != "prefix"])
    return dict(options).get("prefix", "ivrkit:"), f"{address}?{rest}" if rest else address


class _Limited:
    """What makes a connection of redis-py keep to a time limit, its beginning included."""

    limit: TimeLimit
    most: float
    socket_connect_timeout: float

    def _connect(self) -> _Socket:
        self.socket_connect_timeout = max(min(self.most, self.limit.remaining()), 0.001)
        return _Socket(cast(Any, super())._connect(), self.limit)


class _Socket:
    """A socket that waits no longer than there is time left, however little comes with each packet."""

    def __init__(self, real: Any, limit: TimeLimit) -> None:
        self._real = real
        self._limit = limit
        self._asked: float | None = real.gettimeout()  # redis-py 5 knows none for a socket file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def settimeout(self, seconds: float | None) -> None:
        """Wait so long at most; 0 is not to wait at all."""
        self._asked = seconds

    def recv(self, *given: Any) -> Any:
        """Receive within the time."""
        return self._in_time().recv(*given)

    def recv_into(self, *given: Any) -> Any:
        """Receive within the time."""
        return self._in_time().recv_into(*given)

    def sendall(self, data: bytes) -> None:
        """Send within the time."""
        self._in_time().sendall(data)

    def _in_time(self) -> Any:
        left = self._limit.remaining()
        if left <= 0:
            raise TimeoutError
        self._real.settimeout(left if self._asked is None else min(self._asked, left))
        return self._real
