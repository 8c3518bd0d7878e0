"""The store in Redis: the contract, and what is its own: one request, expiry, URLs, and a server that fails."""

import socket
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import trustme
from tests.processes import free_port, wait_until
from tests.sessions.servers import HIDDEN, PASSWORD, USER

from ivrkit import SessionError, StoreUnavailable
from ivrkit.conformance.stores import SharedStoreContract, stored_session
from ivrkit.sessions.redis import ANSWER, RedisStore, _Socket
from ivrkit.sessions.remote import TimeLimit

pytestmark = pytest.mark.stores

SETTING = "\n  hint: session_url must have the host, user, password and number of a database that this host may use"
PASSING = "\n  hint: Redis must be running, reachable from here, and able to write; its own log says more"
#: What a store may take, in seconds: two, and one more on a machine that is busy with other tests.
ALLOWED = 3.0


class TestRedis(SharedStoreContract):
    """The contract of a shared store."""

    @pytest.fixture
    def open_store(self, redis):
        """Open a store in the database that was emptied."""
        return partial(RedisStore, redis.url())


class TestRedisOnASocket(SharedStoreContract):
    """The same by a socket file, in another database and with another prefix."""

    @pytest.fixture
    def open_store(self, redis):
        """Open a store in the database that was emptied."""
        return partial(RedisStore, f"unix://{USER}:{HIDDEN}@{redis.socket}?db=3&prefix=other:")


@pytest.fixture
def store(redis, use):
    """Return a store that keeps nothing yet."""
    return use(RedisStore, redis.url())


def refused(kind, act) -> str:
    """Return the message with which something is refused in time; nothing of it, or of what led to it, has a secret."""
    began = time.monotonic()
    with pytest.raises(SessionError) as caught:
        act()
    assert time.monotonic() - began < ALLOWED
    assert type(caught.value) is kind
    told = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in told
    assert HIDDEN not in told
    return str(caught.value)


def commands(redis) -> dict[str, int]:
    """Return how often each command was run; those of this question are left out."""
    with redis.client() as client:
        told = client.info("commandstats")
        client.config_resetstat()
    ours = ("cmdstat_get", "cmdstat_set", "cmdstat_evalsha", "cmdstat_eval", "cmdstat_script|load")
    return {name.removeprefix("cmdstat_"): told[name]["calls"] for name in ours if name in told}


# One request


def test_a_load_is_one_request_and_a_save_another(redis, wire, use):
    """A caller waits for one round trip each time, whether it is the first or the last turn of a call."""
    way = wire(redis.port)
    store = use(RedisStore, redis.url(port=way.port))
    store.save(stored_session(), 0)
    way.asked = 0
    for turn in range(1, 8):
        assert store.load("CA1").turn == turn
        assert store.save(stored_session(turn=turn + 1), turn)
    assert way.asked == 14


def test_the_script_is_sent_once(redis, store):
    """The server knows it by its name afterwards; where it has forgotten it, it is sent again."""
    with redis.client() as client:
        client.script_flush()
    commands(redis)
    for turn in range(3):
        assert store.save(stored_session(turn=turn + 1), turn)
    assert commands(redis) == {"evalsha": 3, "eval": 1, "get": 3, "set": 3}
    with redis.client() as client:
        client.script_flush()
    assert store.save(stored_session(turn=4), 3)


def test_nothing_is_asked_to_remove_what_has_expired(wire, redis, use):
    """It goes by itself."""
    way = wire(redis.port)
    assert use(RedisStore, redis.url(port=way.port)).remove_expired(time.time()) == 0
    assert way.asked == 0


# Expiry, and what is kept


def test_a_call_has_so_long_to_live_from_now(redis, store):
    """The time that is left is told, and not the hour."""
    store.save(stored_session(lasts=100.0), 0)
    with redis.client() as client:
        assert 90_000 < client.pttl("ivrkit:session:CA1") <= 100_000
    store.save(stored_session(turn=2, lasts=1e300), 1)
    with redis.client() as client:
        assert client.pttl("ivrkit:session:CA1") > 1e13


def test_a_call_goes_when_it_has_expired(store):
    """Nobody needs to remove it."""
    store.save(stored_session(lasts=0.1), 0)
    wait_until(lambda: store.load("CA1") is None)


def test_the_prefix_is_the_beginning_of_the_keys(redis, use):
    """Two trees can share a database; the other options of the URL are redis-py's."""
    ours = use(RedisStore, f"{redis.url()}/2?prefix=acme%3A&socket_timeout=0.5")
    ours.save(stored_session(), 0)
    assert use(RedisStore, f"{redis.url()}/2").load("CA1") is None
    with redis.client() as client:
        client.select(2)
        assert client.keys() == ["acme:session:CA1"]


def test_a_key_that_is_something_else_is_told(redis, store):
    """What is kept under the right name and is no call is not taken for a new one."""
    with redis.client() as client:
        client.hset("ivrkit:session:CA1", "turn", "1")
        client.set("ivrkit:session:CA2", "{}")
    assert "WRONGTYPE" in refused(SessionError, lambda: store.load("CA1"))
    assert "WRONGTYPE" in refused(SessionError, lambda: store.save(stored_session(), 0))
    assert "not enough values" in refused(SessionError, lambda: store.load("CA2"))
    assert "attempt to compare" in refused(SessionError, lambda: store.save(stored_session("CA2"), 0))


# Wrong settings


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
def test_a_url_that_is_none_is_told_without_its_password(url, shown):
    """What is wrong may be the password itself, so nothing that may be a part of it is told."""
    told = refused(SessionError, lambda: RedisStore(url))
    assert told == (
        f"the session store {shown}: redis-py does not take this URL\n"
        "  hint: it is redis://USER:PASSWORD@HOST:PORT/NUMBER, and / ? # @ % in a password are percent-encoded"
    )


def test_a_wrong_password_is_told(redis, use):
    """It is a wrong setting, and no waiting helps."""
    store = use(RedisStore, redis.url("wrong"))
    told = refused(SessionError, lambda: store.load("CA1"))
    said = "invalid username-password pair or user is disabled."
    assert told == f"the session store redis://...@127.0.0.1:{redis.port}: {said}{SETTING}"
    nobody = use(RedisStore, f"redis://127.0.0.1:{redis.port}")
    assert "Authentication required." in refused(SessionError, lambda: nobody.save(stored_session(), 0))


def test_a_database_that_there_is_not_is_told(redis, use):
    """It is a wrong setting too."""
    store = use(RedisStore, f"{redis.url()}/99")
    assert "DB index is out of range" in refused(SessionError, lambda: store.load("CA1"))


def test_a_user_who_may_not_write_is_told(redis, use):
    """It is a wrong setting too."""
    with redis.client() as client:
        client.acl_setuser("reader", enabled=True, passwords=["+r"], keys=["*"], commands=["+@read", "+@connection"])
    store = use(RedisStore, f"redis://reader:r@127.0.0.1:{redis.port}")
    assert store.load("CA1") is None
    told = refused(SessionError, lambda: store.save(stored_session(), 0))
    assert "permissions to run the 'evalsha' command" in told
    assert told.endswith(SETTING)


def test_a_certificate_of_nobody_is_told(redis, use, tmp_path, wire):
    """TLS is used with ``rediss``, and whoever is not vouched for is a wrong setting."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")
    port = free_port()
    with redis.client() as client:
        client.config_set("tls-cert-file", str(tmp_path / "ours.pem"), "tls-key-file", str(tmp_path / "ours.pem"))
        client.config_set("tls-ca-cert-file", str(tmp_path / "authority.pem"), "tls-auth-clients", "no")
        client.config_set("tls-port", port)
    url = f"rediss://{USER}:{HIDDEN}@localhost:{port}"
    store = use(RedisStore, f"{url}?ssl_ca_certs={tmp_path}/authority.pem")
    assert store.save(stored_session(), 0)
    assert store.load("CA1").turn == 1
    told = refused(SessionError, lambda: use(RedisStore, url).load("CA1"))
    assert "CERTIFICATE_VERIFY_FAILED" in told
    assert told.endswith(SETTING)
    with redis.client() as client:
        client.config_set("tls-port", 0)


WITHOUT = """
import sys
sys.modules["redis"] = None
from ivrkit.sessions.redis import RedisStore
try:
    RedisStore("redis://ivr:sesame@localhost/0")
except Exception as error:
    print(type(error).__name__, error)
"""


def test_without_the_library_it_is_told_what_to_install():
    """Nobody has redis-py who does not want this store; the module itself can be imported without it."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "SessionError the session store redis://...@localhost/0 needs redis, which is not installed\n"
        "  hint: pip install 'ivrkit[redis]'\n"
    )


# What passes


def test_nothing_is_connected_before_it_is_used(use):
    """A host can start while Redis is down; a refusal is told at once, when it is asked."""
    port = free_port()
    store = use(RedisStore, f"redis://{USER}:{HIDDEN}@127.0.0.1:{port}/0")
    told = refused(StoreUnavailable, lambda: store.load("CA1"))
    said = f"Error 111 connecting to 127.0.0.1:{port}. Connection refused."
    assert told == f"the session store redis://...@127.0.0.1:{port}/0: {said}{PASSING}"
    assert refused(StoreUnavailable, lambda: store.save(stored_session(), 0)) == told


@pytest.mark.once
@pytest.mark.parametrize("begun", [True, False], ids=["connected", "not-connected"])
def test_a_server_that_stands_still_is_not_waited_for(redis, store, begun):
    """Nobody waits longer than two seconds, and it is used again when it goes on."""
    if begun:
        store.load("CA1")
    with redis.stopped():
        assert "Timeout" in refused(StoreUnavailable, lambda: store.load("CA1"))
        assert "Timeout" in refused(StoreUnavailable, lambda: store.save(stored_session(), 0))
    assert store.save(stored_session(turn=2), 1) is True
    assert store.load("CA1").turn == 2


@pytest.mark.once
def test_a_slow_server_is_not_waited_for(redis, wire, use):
    """The time is for all of it: to connect, to say who one is, and to ask."""
    way = wire(redis.port)
    way.delay = 0.7
    store = use(RedisStore, f"{redis.url(port=way.port)}/1")
    assert "Timeout" in refused(StoreUnavailable, lambda: store.load("CA1"))
    way.delay = 0.0
    assert store.load("CA1") is None


def test_a_connection_has_no_more_time_than_there_is_left():
    """Each part of an answer is waited for until the time of the whole is over, however the parts are read."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        limit, buffer = TimeLimit(), bytearray(2)
        ours.settimeout(ANSWER)
        limited = _Socket(ours, limit)
        limit.start()
        theirs.sendall(b"+OK")
        assert (limited.recv_into(buffer), limited.recv(2), bytes(buffer)) == (2, b"K", b"+O")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ivrkit.sessions.remote.LIMIT", 0.0)
            limit.start()
            with pytest.raises(TimeoutError):
                limited.recv(1)


def test_a_server_that_was_restarted_costs_nobody_anything(redis, store):
    """Every connection that was kept is dead then, and what was saved is there."""
    one = stored_session()
    store.save(one, 0)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(store.load, ["CA1"] * 40)) == {one}
        redis.kill()
        refused(StoreUnavailable, lambda: store.load("CA1"))
        redis.start()
        assert set(pool.map(store.load, ["CA1"] * 40)) == {one}
    assert store.save(stored_session(turn=2), 1) is True


def test_an_answer_that_is_lost_is_asked_for_again(redis, wire, use):
    """What was saved before the connection broke is found, and is no refusal."""
    way = wire(redis.port)
    store = use(RedisStore, redis.url(port=way.port))
    store.save(stored_session(), 0)
    way.cut_at_answer = True
    second = stored_session(turn=2)
    assert store.save(second, 1) is True
    assert store.load("CA1") == second
    assert way.cut_at_answer is False


def test_a_full_server_may_have_room_later(redis, store):
    """Nothing is changed, and what is kept can be read; it is no wrong setting."""
    store.save(stored_session(), 0)
    with redis.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        try:
            told = refused(StoreUnavailable, lambda: store.save(stored_session(turn=2), 1))
            assert store.load("CA1").turn == 1
        finally:
            client.config_set("maxmemory", 0)
    assert "command not allowed when used memory > 'maxmemory'" in told
    assert told.endswith(PASSING)
    assert store.save(stored_session(turn=2), 1) is True


def test_a_replica_may_be_the_first_one_later(redis, store):
    """Who may not write now may when the others have failed."""
    with redis.client() as client:
        client.replicaof("127.0.0.1", free_port())
        try:
            assert "read only replica" in refused(StoreUnavailable, lambda: store.save(stored_session(), 0))
        finally:
            client.replicaof("NO", "ONE")
    assert store.save(stored_session(), 0) is True


def test_a_server_that_has_too_many_clients_may_have_fewer_later(redis, use):
    """It is no wrong setting of this host."""
    with redis.client() as client:
        client.config_set("maxclients", 1)
        try:
            assert "max number of clients" in refused(
                StoreUnavailable, lambda: use(RedisStore, redis.url()).load("CA1")
            )
        finally:
            client.config_set("maxclients", 100)


# Processes


FORKING = """
import os, sys, warnings

from ivrkit.conformance.stores import stored_session
from ivrkit.sessions.redis import RedisStore

warnings.simplefilter("ignore", DeprecationWarning)  # of a fork where there are threads; here are none
store = RedisStore(sys.argv[1])
store.save(stored_session(), 0)
child = os.fork()
if child == 0:
    os._exit(0 if all(store.save(stored_session(turn=turn), turn - 1) for turn in range(2, 50)) else 1)
own = [store.save(stored_session("CA2", turn), turn - 1) for turn in range(1, 50)]
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, all(own), store.load("CA1").turn, store.load("CA2").turn)
store.close()
"""


@pytest.mark.once
def test_a_forked_process_opens_a_connection_of_its_own(redis):
    """Two processes on one connection would read each other's answers."""
    done = subprocess.run([sys.executable, "-c", FORKING, redis.url()], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("0 True 49 49\n", "", 0)
