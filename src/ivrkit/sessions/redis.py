"""The session store in Redis, for any number of machines. Redis removes expired sessions by itself.

Redis stores each session as one string with the turn, the expiry and the body of the session. The Redis key of a
session has a time to live (https://redis.io/docs/latest/commands/set/), which starts when the session is saved. So the
clock of Redis may differ from the clocks of the hosts. A save is a Lua script, because Redis runs a script as one
atomic step (https://redis.io/docs/latest/develop/programmability/eval-intro/).
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
from ivrkit.sessions.remote import TimeLimit, missing_package
from ivrkit.settings.redaction import redact_url

#: How long a connection attempt to one address and one wait for data may take, in seconds. A name such as
#: ``localhost`` has two addresses, and both can be tried within the time limit.
CONNECT_TIMEOUT, DATA_TIMEOUT = 0.7, 0.9
#: The longest time to live, in milliseconds. Redis refuses numbers that are too large for it.
MAX_TTL = 10**14

Result = TypeVar("Result")

# Compare and set. KEYS: the key. ARGV: the expected turn, then the session's turn, expiry, body and time to live.
# The session is one string that one command writes. Two commands would be a transaction in the append-only file, and
# Redis 7.0 cannot read a transaction back if its user ``default`` is off.
_SAVE = """
local stored = redis.call('GET', KEYS[1])
if stored then
    local turn, body = string.match(stored, '^(%d+) %S+ (.*)$')
    if tonumber(turn) > tonumber(ARGV[1]) then
        if turn == ARGV[2] and body == ARGV[4] then return 1 end
        return 0
    end
end
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4], 'PX', ARGV[5])
return 1
"""
#: Redis stores a script under its SHA-1, so a save can send this name in place of the script.
_SAVE_SHA1 = hashlib.sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()

#: The error codes of Redis that may go away. An old Redis has them inside of the message about the script.
_TEMPORARY_CODES = re.compile(r"(^|-)(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN)\b")


class RedisStore:
    """A session store in a Redis database. The store connects at its first use.

    :param url: a URL that starts with ``redis://``, ``rediss://`` or ``unix://``. The URL can have the options of
        redis-py, and the option ``prefix``: the text at the start of each Redis key.
    :raises SessionError: if redis-py cannot read the URL, or if redis-py is not installed.
    """

    #: Redis is reached over a network.
    remote = True

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise missing_package(url, "redis", "redis") from error
        self._shown_url = redact_url(url)
        self._redis: Any = redis
        self._limit = TimeLimit()
        try:
            self._prefix, url_without_prefix = _split_prefix(url)
            self._pool = self._make_pool(self._redis.connection.parse_url(url_without_prefix))
        except (TypeError, ValueError):  # its message can have a part of the password
            raise SessionError(
                f"the session store {self._shown_url}: redis-py cannot read this URL",
                hint="write redis://USER:PASSWORD@HOST:PORT/NUMBER, and percent-encode / ? # @ % in the password",
            ) from None
        self._client = redis.Redis(connection_pool=self._pool)

    def _make_pool(self, options: Any) -> Any:
        """Return a pool of Redis connections with a time limit for each request.

        :param options: the options that redis-py has read from the URL.
        """
        # Protocol 3 needs more requests to connect, and some of its features set timeouts of their own.
        options = {"protocol": 2, **options}
        for name, longest in (("socket_connect_timeout", CONNECT_TIMEOUT), ("socket_timeout", DATA_TIMEOUT)):
            options[name] = min(float(options.get(name) or longest), longest)
        # `_request` decides about a second attempt, because it knows how much time is left.
        options["retry"] = self._redis.retry.Retry(self._redis.backoff.NoBackoff(), 0)
        options["decode_responses"] = False
        connection_class = options.pop("connection_class", self._redis.Connection)
        limits = {
            "limit": self._limit,
            "connect_timeout": options["socket_connect_timeout"],
            "data_timeout": options["socket_timeout"],
        }
        limited_class = type("LimitedConnection", (_LimitedConnection, connection_class), limits)
        pool: Any = self._redis.ConnectionPool(connection_class=limited_class, **options)
        # Create one connection, which does not connect yet: it finds the options that redis-py does not know.
        pool.make_connection().disconnect()
        pool.reset()
        return pool

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None`` if Redis has no session of this call."""

        def load() -> StoredSession | None:
            found = cast("bytes | None", self._client.get(self._key(sid)))
            if found is None:
                return None
            turn, expires, body = found.decode().split(" ", 2)
            return StoredSession(sid, int(turn), float(expires), body)

        return self._request(load)

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session in one atomic step, unless Redis already has a later turn than ``expected_turn``.

        :param expected_turn: the turn number of the session when the webhook read the session.
        :returns: whether Redis has this session now.
        """
        ttl = min(max(int((session.expires - time.time()) * 1000), 1), MAX_TTL)
        arguments = (expected_turn, session.turn, repr(session.expires), session.body, ttl)

        def save() -> Any:
            try:
                return self._client.evalsha(_SAVE_SHA1, 1, self._key(session.sid), *arguments)
            except self._redis.exceptions.NoScriptError:
                return self._client.eval(_SAVE, 1, self._key(session.sid), *arguments)

        return bool(self._request(save) == 1)

    def remove_expired(self, now: float) -> int:
        """Return 0, because Redis removes expired sessions by itself."""
        return 0

    def close(self) -> None:
        """Close the connections that are not in use. The next request opens a new connection."""
        self._pool.disconnect(inuse_connections=False)

    def _key(self, sid: str) -> str:
        return f"{self._prefix}session:{sid}"

    def _request(self, send: Callable[[], Result]) -> Result:
        """Send a request within the time limit. If the connection was broken, send the request again.

        For a save this is safe, because a save that is repeated changes nothing.

        :param send: a function that sends the request to Redis and returns the result.
        :returns: the result of ``send``.
        :raises SessionError: for every error of redis-py.
        """
        self._limit.start()
        try:
            try:
                return send()
            except self._redis.exceptions.ConnectionError as error:
                if not self._is_temporary(error) or self._limit.remaining() <= 0:
                    raise
                return send()
        except (self._redis.exceptions.RedisError, ValueError) as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> SessionError:
        message = f"the session store {self._shown_url}: {error}"
        if self._is_temporary(error):
            hint = "check that Redis is running, reachable from here and able to write; see its log"
            return StoreUnavailable(message, hint=hint)
        hint = "session_url must have the host, user, password and number of a database that ivrkit may read and write"
        return SessionError(message, hint=hint)

    def _is_temporary(self, error: Exception) -> bool:
        """Return whether an error may go away without a change of the settings."""
        errors = self._redis.exceptions
        # These are subclasses of ConnectionError, and a wrong certificate is a plain ConnectionError.
        if isinstance(error, errors.AuthenticationError | errors.AuthorizationError) or "CERTIFICATE" in str(error):
            return False
        temporary = (
            errors.ConnectionError,
            errors.TimeoutError,
            errors.OutOfMemoryError,
            errors.ReadOnlyError,
            errors.ClusterDownError,
            errors.TryAgainError,
        )
        return isinstance(error, temporary) or _TEMPORARY_CODES.search(str(error)) is not None


def _split_prefix(url: str) -> tuple[str, str]:
    """Return the option ``prefix`` of a URL, by default ``ivrkit:``, and the URL without this option."""
    address, _, query = url.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    others = urlencode([(name, value) for name, value in options if name != "prefix"])
    return dict(options).get("prefix", "ivrkit:"), f"{address}?{others}" if others else address


class _LimitedConnection:
    """A mixin that limits the time of each connection attempt and of each request of a redis-py connection.

    redis-py has a timeout for each wait for data, but no timeout for a whole request. A request can wait many times: to
    connect, for the replies to AUTH, CLIENT SETINFO and SELECT, and for each packet of the reply.
    """

    limit: TimeLimit
    #: The longest time for one connection attempt and for one wait for data, in seconds.
    connect_timeout: float
    data_timeout: float
    #: The attribute that redis-py reads: the timeout of the next connection attempt, in seconds.
    socket_connect_timeout: float

    def _connect(self) -> _LimitedSocket:
        self.socket_connect_timeout = self.limit.cap(self.connect_timeout)
        return _LimitedSocket(cast(Any, super())._connect(), self.limit, self.data_timeout)


class _LimitedSocket:
    """A socket that never waits past the time limit.

    A timeout for each reply is not enough. redis-py reads a reply packet by packet, and the timeout starts again with
    each packet. So a reply in many small packets can take longer than the time limit.

    :param wrapped: the socket that redis-py opened.
    :param limit: the time limit of the current operation.
    :param timeout: the longest time for one wait, in seconds.
    """

    def __init__(self, wrapped: Any, limit: TimeLimit, timeout: float) -> None:
        self._wrapped = wrapped
        self._limit = limit
        self._timeout = timeout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def recv(self, *args: Any) -> Any:
        """Receive data within the time limit."""
        return self._limited().recv(*args)

    def recv_into(self, *args: Any) -> Any:
        """Receive data into a buffer within the time limit. The parser of hiredis calls this method."""
        return self._limited().recv_into(*args)

    def sendall(self, data: bytes) -> None:
        """Send data within the time limit."""
        self._limited().sendall(data)

    def _limited(self) -> Any:
        # With a timeout of 0, redis-py looks whether there is unread data, and must not wait.
        if self._wrapped.gettimeout() != 0:
            self._wrapped.settimeout(self._limit.cap(self._timeout))
        return self._wrapped
