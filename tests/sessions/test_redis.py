"""The Redis store: its contract, its requests, expiry, invalid settings, and temporary errors."""

import re
import socket
from functools import partial

import pytest
import trustme
from tests.processes import free_port, wait_until
from tests.sessions.remote_stores import RemoteStoreTests, error_of
from tests.sessions.servers import PASSWORD, QUOTED_PASSWORD, USER

from ivrkit import SessionError, StoreUnavailable
from ivrkit.conformance.stores import SharedStoreContract, stored_session
from ivrkit.sessions.redis import DATA_TIMEOUT, RedisStore, _LimitedSocket
from ivrkit.sessions.remote import TimeLimit

pytestmark = pytest.mark.stores

SETTINGS_HINT = (
    "\n  hint: session_url must have the host, user, password and number of a database that ivrkit may read and write"
)
TEMPORARY_HINT = "\n  hint: check that Redis is running, reachable from here and able to write; see its log"


@pytest.fixture
def server(redis):
    """Return the Redis server."""
    return redis


@pytest.fixture
def url_at(redis):
    """Return a function that returns the URL of an empty database on a port."""
    return lambda port: f"{redis.url(port=port)}/1"


@pytest.fixture
def store(redis, open_url):
    """Return an empty store."""
    return open_url(RedisStore, redis.url())


@pytest.mark.usefixtures("no_store_timeouts")
class TestRedis(SharedStoreContract):
    """The Redis store keeps the contract of a shared store."""

    @pytest.fixture
    def open_store(self, redis):
        """Return a function that opens the same database each time."""
        return partial(RedisStore, redis.url())


@pytest.mark.usefixtures("no_store_timeouts")
class TestRedisOnUnixSocket(SharedStoreContract):
    """The Redis store keeps the contract on a Unix socket, in another database and with another prefix."""

    @pytest.fixture
    def open_store(self, redis):
        """Return a function that opens the same database each time."""
        return partial(RedisStore, f"unix://{USER}:{QUOTED_PASSWORD}@{redis.socket}?db=3&prefix=other:")


class TestRedisOverNetwork(RemoteStoreTests):
    """The Redis store keeps the rules of a store behind a network."""

    store_class = RedisStore
    library = extra = "redis"
    timeout_message = "Timeout"
    temporary_hint = TEMPORARY_HINT
    refused = re.escape("Error 111 connecting to 127.0.0.1:{port}. Connection refused.").replace(r"\{port\}", "{port}")


def commands(redis) -> dict[str, int]:
    """Return how often each command was run since the last time, without the commands of this question."""
    with redis.client() as client:
        stats = client.info("commandstats")
        client.config_resetstat()
    ours = ("cmdstat_get", "cmdstat_set", "cmdstat_evalsha", "cmdstat_eval", "cmdstat_script|load")
    return {name.removeprefix("cmdstat_"): stats[name]["calls"] for name in ours if name in stats}


# Requests


def test_the_script_is_sent_once(redis, store):
    """A save sends the name of the script only; if Redis does not know the script, the save sends it again."""
    with redis.client() as client:
        client.script_flush()
    commands(redis)
    for turn in range(3):
        assert store.save(stored_session(turn=turn + 1), turn)
    assert commands(redis) == {"evalsha": 3, "eval": 1, "get": 3, "set": 3}
    with redis.client() as client:
        client.script_flush()
    assert store.save(stored_session(turn=4), 3)


def test_removing_expired_sessions_is_no_request(make_proxy, redis, open_url):
    """`remove_expired` makes no request, because Redis removes expired keys by itself."""
    proxy = make_proxy(redis.port)
    assert open_url(RedisStore, redis.url(port=proxy.port)).remove_expired(5.0) == 0
    assert proxy.round_trips == 0


# Keys and expiry


def test_the_expiry_is_sent_as_time_to_live(redis, store):
    """A save sends how long the session lives from now on, so the clocks of host and Redis do not have to agree."""
    store.save(stored_session(lasts=100.0), 0)
    with redis.client() as client:
        assert 90_000 < client.pttl("ivrkit:session:CA1") <= 100_000
    store.save(stored_session(turn=2, lasts=1e300), 1)
    with redis.client() as client:
        assert client.pttl("ivrkit:session:CA1") > 1e13


def test_an_expired_session_disappears(store):
    """Redis removes an expired session by itself."""
    store.save(stored_session(lasts=0.1), 0)
    wait_until(lambda: store.load("CA1") is None)


def test_the_prefix_is_the_start_of_each_key(redis, open_url):
    """Two phone trees can share a database with different prefixes; all other options of the URL are redis-py's."""
    ours = open_url(RedisStore, f"{redis.url()}/2?prefix=acme%3A&socket_timeout=0.5")
    ours.save(stored_session(), 0)
    assert open_url(RedisStore, f"{redis.url()}/2").load("CA1") is None
    with redis.client() as client:
        client.select(2)
        assert client.keys() == ["acme:session:CA1"]


def test_a_key_with_other_contents_is_an_error(redis, store):
    """A key of the right name that has no session is an error in load and save, and not a new call."""
    with redis.client() as client:
        client.hset("ivrkit:session:CA1", "turn", "1")
        client.set("ivrkit:session:CA2", "{}")
    assert "WRONGTYPE" in error_of(SessionError, lambda: store.load("CA1"))
    assert "WRONGTYPE" in error_of(SessionError, lambda: store.save(stored_session(), 0))
    assert "not enough values" in error_of(SessionError, lambda: store.load("CA2"))
    assert "attempt to compare" in error_of(SessionError, lambda: store.save(stored_session("CA2"), 0))


# Invalid settings


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"redis://{USER}:{PASSWORD}@127.0.0.1", "redis://..."),
        ("redis://:open/sesame@127.0.0.1:6379/0", "redis://...@127.0.0.1:6379/0"),
        ("redis://127.0.0.1:port/0?password=sesame", "redis://127.0.0.1:port/0"),
        ("redis://127.0.0.1/0?socket_timeout=soon&password=ses@me", "redis://..."),
        ("redis://127.0.0.1/0?nonesuch=1", "redis://127.0.0.1/0"),
        ("http://ivr:sesame@127.0.0.1", "http://...@127.0.0.1"),
        ("redis:sesame", "..."),
    ],
)
def test_an_invalid_url_is_an_error_without_its_password(url, shown):
    """An invalid URL is an error that shows no part of the password, although the password may be the mistake."""
    assert error_of(SessionError, lambda: RedisStore(url)) == (
        f"the session store {shown}: redis-py cannot read this URL\n"
        "  hint: write redis://USER:PASSWORD@HOST:PORT/NUMBER, and percent-encode / ? # @ % in the password"
    )


def test_a_wrong_password_is_a_wrong_setting(redis, open_url):
    """A wrong or missing password is a SessionError with a hint about session_url."""
    store = open_url(RedisStore, redis.url("wrong"))
    message = error_of(SessionError, lambda: store.load("CA1"))
    reply = "invalid username-password pair or user is disabled."
    assert message == f"the session store redis://...@127.0.0.1:{redis.port}: {reply}{SETTINGS_HINT}"
    anonymous = open_url(RedisStore, f"redis://127.0.0.1:{redis.port}")
    assert "Authentication required." in error_of(SessionError, lambda: anonymous.save(stored_session(), 0))


def test_a_missing_database_is_a_wrong_setting(redis, open_url):
    """A database number that Redis does not have is a SessionError."""
    store = open_url(RedisStore, f"{redis.url()}/99")
    assert "DB index is out of range" in error_of(SessionError, lambda: store.load("CA1"))


def test_a_user_without_write_permission_is_a_wrong_setting(redis, open_url):
    """A user who may only read can load, and a save is a SessionError."""
    with redis.client() as client:
        client.acl_setuser("reader", enabled=True, passwords=["+r"], keys=["*"], commands=["+@read", "+@connection"])
    store = open_url(RedisStore, f"redis://reader:r@127.0.0.1:{redis.port}")
    assert store.load("CA1") is None
    message = error_of(SessionError, lambda: store.save(stored_session(), 0))
    assert "permissions to run the 'evalsha' command" in message
    assert message.endswith(SETTINGS_HINT)


def test_an_unknown_certificate_is_a_wrong_setting(redis, open_url, tmp_path):
    """`rediss://` uses TLS, and a certificate that no known authority signed is a SessionError."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")
    port = free_port()
    with redis.client() as client:
        client.config_set("tls-cert-file", str(tmp_path / "ours.pem"), "tls-key-file", str(tmp_path / "ours.pem"))
        client.config_set("tls-ca-cert-file", str(tmp_path / "authority.pem"), "tls-auth-clients", "no")
        client.config_set("tls-port", port)
    url = f"rediss://{USER}:{QUOTED_PASSWORD}@localhost:{port}"
    store = open_url(RedisStore, f"{url}?ssl_ca_certs={tmp_path}/authority.pem")
    assert store.save(stored_session(), 0)
    assert store.load("CA1").turn == 1
    message = error_of(SessionError, lambda: open_url(RedisStore, url).load("CA1"))
    assert "CERTIFICATE_VERIFY_FAILED" in message
    assert message.endswith(SETTINGS_HINT)
    with redis.client() as client:
        client.config_set("tls-port", 0)


# The time limit


def test_a_socket_waits_for_no_longer_than_the_time_that_is_left():
    """Every wait for data ends at the time limit, whichever parser of redis-py reads the reply."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        limit, buffer = TimeLimit(), bytearray(2)
        limited = _LimitedSocket(ours, limit, DATA_TIMEOUT)
        limit.start()
        theirs.sendall(b"+OK")
        assert (limited.recv_into(buffer), limited.recv(2), bytes(buffer)) == (2, b"K", b"+O")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ivrkit.sessions.remote.LIMIT", 0.0)
            limit.start()
            with pytest.raises(TimeoutError):
                limited.recv(1)


def test_a_socket_that_must_not_wait_does_not_wait():
    """A socket with the timeout 0 reports at once that there is no data, as redis-py expects of an idle connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        limit = TimeLimit()
        limited = _LimitedSocket(ours, limit, DATA_TIMEOUT)
        limit.start()
        limited.settimeout(0)
        with pytest.raises(BlockingIOError):
            limited.recv(1)


# Temporary errors


def test_a_full_server_is_a_temporary_error(redis, store):
    """If Redis has no memory left, a save raises StoreUnavailable and changes nothing, and a load works."""
    store.save(stored_session(), 0)
    with redis.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        try:
            message = error_of(StoreUnavailable, lambda: store.save(stored_session(turn=2), 1))
            assert store.load("CA1").turn == 1
        finally:
            client.config_set("maxmemory", 0)
    assert "command not allowed when used memory > 'maxmemory'" in message
    assert message.endswith(TEMPORARY_HINT)
    assert store.save(stored_session(turn=2), 1) is True


def test_a_replica_is_a_temporary_error(redis, store):
    """A replica that takes no writes is a StoreUnavailable, because it may become the primary."""
    with redis.client() as client:
        client.replicaof("127.0.0.1", free_port())
        try:
            assert "read only replica" in error_of(StoreUnavailable, lambda: store.save(stored_session(), 0))
        finally:
            client.replicaof("NO", "ONE")
    assert store.save(stored_session(), 0) is True


def test_too_many_clients_are_a_temporary_error(redis, open_url):
    """If Redis has too many clients, a load raises StoreUnavailable: the settings of this host are right."""
    with redis.client() as client:
        client.config_set("maxclients", 1)
        try:
            store = open_url(RedisStore, redis.url())
            assert "max number of clients" in error_of(StoreUnavailable, lambda: store.load("CA1"))
        finally:
            client.config_set("maxclients", 100)
