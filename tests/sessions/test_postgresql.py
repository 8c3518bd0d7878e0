"""The PostgreSQL store: its contract, its statements, the table, invalid settings, and temporary errors."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from tests.sessions.remote_stores import RemoteStoreTests, error_of
from tests.sessions.servers import PASSWORD, USER

from ivrkit import SessionError, StoreUnavailable
from ivrkit.conformance.stores import SharedStoreContract, stored_session
from ivrkit.sessions.postgresql import PostgreSQLStore

pytestmark = pytest.mark.stores

SETTINGS_HINT = (
    "\n  hint: session_url must have a database, and a user who may create and write its table ivrkit_sessions"
)
TEMPORARY_HINT = "\n  hint: check that PostgreSQL is running, reachable from here and able to write; see its log"


@pytest.fixture
def server(postgresql):
    """Return the PostgreSQL server."""
    return postgresql


@pytest.fixture
def url_at(postgresql, database):
    """Return a function that returns the URL of a new database on a port."""
    return lambda port: f"{postgresql.url(port=port)}/{database}"


@pytest.fixture
def url(postgresql, database):
    """Return the URL of a new database."""
    return f"{postgresql.url()}/{database}"


@pytest.fixture
def store(url, open_url):
    """Return an empty store."""
    return open_url(PostgreSQLStore, url)


@pytest.fixture
def admin(postgresql, database):
    """Return a connection to the database that the store does not use."""
    with postgresql.connect(database) as connection:
        yield connection


@pytest.mark.usefixtures("no_store_timeouts")
class TestPostgreSQL(SharedStoreContract):
    """The PostgreSQL store keeps the contract of a shared store."""

    @pytest.fixture
    def open_store(self, url):
        """Return a function that opens the same database each time."""
        return partial(PostgreSQLStore, url)


class TestPostgreSQLOverNetwork(RemoteStoreTests):
    """The PostgreSQL store keeps the rules of a store behind a network."""

    store_class = PostgreSQLStore
    library = "psycopg"
    extra = "postgresql"
    first_turns = 10  # psycopg prepares a statement at its fifth use, which is another round trip
    timeout_message = "no reply in time"
    temporary_hint = TEMPORARY_HINT
    refused = "connection failed: .*port {port} failed: Connection refused.*"


# Statements


def test_the_expiry_is_not_indexed(store, admin):
    """A save changes the expiry, and PostgreSQL updates the row within its page without writing an index."""
    for turn in range(200):
        store.save(stored_session(turn=turn + 1, lasts=3600.0 + turn), turn)
    admin.execute("SELECT pg_stat_force_next_flush()")
    store.close()
    counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'ivrkit_sessions'"
    end = time.monotonic() + 20
    while (found := admin.execute(counts).fetchone())[0] < 199 and time.monotonic() < end:
        time.sleep(0.1)
    assert found == (199, 199)


def test_many_expired_sessions_are_removed_in_steps(store, monkeypatch):
    """`remove_expired` uses several short statements, and leaves the rest for later if the time is over."""
    monkeypatch.setattr("ivrkit.sessions.postgresql.REMOVED_AT_ONCE", 2)
    for number in range(5):
        store.save(stored_session(f"CA{number}", lasts=-10.0), 0)
    store.save(stored_session(), 0)
    assert store.remove_expired(time.time()) == 4
    for number in range(2, 6):
        store.save(stored_session(f"CA{number}", lasts=-10.0), 0)
    monkeypatch.setattr("ivrkit.sessions.remote.LIMIT", 0.9)
    assert store.remove_expired(time.time()) == 2
    assert store.load("CA1") is not None


# The table


def test_several_hosts_can_create_the_table_at_the_same_time(url, open_url):
    """Several hosts that start with a new database at the same time all succeed."""
    barrier = threading.Barrier(6)

    def save(number: int) -> bool:
        store = open_url(PostgreSQLStore, url)
        barrier.wait()
        return store.save(stored_session(f"CA{number}"), 0)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(save, range(6))) == [True] * 6


@pytest.mark.parametrize("loads", [0, 10], ids=["plain", "prepared"])
def test_a_table_that_was_dropped_is_created_again(store, admin, loads):
    """A store whose table was dropped goes on with an empty one, also if its statements are prepared."""
    store.save(stored_session(), 0)
    for _ in range(loads):
        store.load("CA1")
    admin.execute("DROP TABLE ivrkit_sessions")
    assert store.load("CA1") is None
    assert store.save(stored_session(turn=2), 1) is True


def test_a_table_with_other_columns_is_an_error(url, admin, open_url):
    """A table of the same name with other columns is a SessionError."""
    admin.execute("CREATE TABLE ivrkit_sessions (id integer, cookie text)")
    store = open_url(PostgreSQLStore, url)
    message = error_of(SessionError, lambda: store.load("CA1"))
    assert 'column "sid" does not exist' in message
    assert message.endswith(SETTINGS_HINT)


def test_a_user_without_permission_for_the_table_is_an_error(postgresql, database, admin, open_url):
    """A user who may not create the table is a SessionError; permission to use an existing table is enough."""
    admin.execute("DROP ROLE IF EXISTS reader")
    admin.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
    address = f"127.0.0.1:{postgresql.port}/{database}"
    store = open_url(PostgreSQLStore, f"postgresql://reader:r@{address}")
    assert "permission denied for schema public" in error_of(SessionError, lambda: store.load("CA1"))
    open_url(PostgreSQLStore, f"{postgresql.url()}/{database}").load("CA1")
    assert "permission denied for table" in error_of(SessionError, lambda: store.save(stored_session(), 0))
    admin.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ivrkit_sessions TO reader")
    assert store.save(stored_session(), 0) is True
    admin.execute("DROP OWNED BY reader")
    store.close()
    admin.execute("DROP ROLE reader")


# Invalid settings


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://{USER}:{PASSWORD}@127.0.0.1/calls", "postgresql://..."),
        ("postgresql://ivr:open/sesame@127.0.0.1:5432/calls?nonesuch=1", "postgresql://...@127.0.0.1:5432/calls"),
        ("postgres://127.0.0.1/calls?nonesuch=1&password=sesame", "postgres://127.0.0.1/calls"),
        ("http://ivr:sesame@127.0.0.1", "http://...@127.0.0.1"),
        ("sesame", "..."),
    ],
)
def test_an_invalid_url_is_an_error_without_its_password(url, shown):
    """An invalid URL is an error that shows no part of the password, although the password may be the mistake."""
    assert error_of(SessionError, lambda: PostgreSQLStore(url)) == (
        f"the session store {shown}: libpq cannot read this URL\n"
        "  hint: write postgresql://USER:PASSWORD@HOST:PORT/NAME, and percent-encode / ? # @ % in the password"
    )


@pytest.mark.parametrize("sid", ["CA\0", "\0", "CA\ud800", "CA\0\ud800"])
def test_a_call_sid_that_is_no_text_for_postgresql_is_kept(store, sid):
    """PostgreSQL stores no NUL and no half of a surrogate pair. A CallSid with them has a session of its own."""
    session = stored_session(sid)
    assert store.load(sid) is None
    assert store.save(session, 0)
    assert store.load(sid) == session
    assert store.load(sid + "\0") is None
    assert store.load("CA") is None
    assert not store.save(session._replace(body="other"), 0)


def test_a_wrong_password_is_a_wrong_setting(postgresql, database, open_url):
    """A wrong or missing password is a SessionError with a hint about session_url."""
    store = open_url(PostgreSQLStore, f"{postgresql.url('wrong')}/{database}")
    message = error_of(SessionError, lambda: store.load("CA1"))
    assert message.startswith(
        f"the session store postgresql://...@127.0.0.1:{postgresql.port}/{database}: connection failed: "
    )
    assert message.endswith(f'FATAL:  password authentication failed for user "{USER}"{SETTINGS_HINT}')
    without = open_url(PostgreSQLStore, f"postgresql://{USER}@127.0.0.1:{postgresql.port}/{database}")
    assert "no password supplied" in error_of(SessionError, lambda: without.save(stored_session(), 0))


def test_a_missing_database_is_a_wrong_setting(postgresql, open_url):
    """A database that does not exist is a SessionError."""
    store = open_url(PostgreSQLStore, f"{postgresql.url()}/nowhere")
    assert 'database "nowhere" does not exist' in error_of(SessionError, lambda: store.load("CA1"))


def test_a_server_without_tls_is_a_wrong_setting(url, open_url):
    """A URL that requires TLS from a server without it is a SessionError."""
    store = open_url(PostgreSQLStore, f"{url}?sslmode=require")
    assert "does not support SSL" in error_of(SessionError, lambda: store.load("CA1"))


# Temporary errors


#: Loads once, waits for a line of input, and prints the error of a second load.
LOAD_TWICE = """
import sys, time
from ivrkit.sessions.postgresql import PostgreSQLStore
import psycopg
store = PostgreSQLStore(sys.argv[1])
store.load('CA1')
print(psycopg.pq.__impl__, flush=True)
input()
began = time.monotonic()
try:
    store.load('CA1')
except Exception as error:
    print(type(error).__name__, time.monotonic() - began < 2)
"""


@pytest.mark.once
def test_the_time_limit_works_without_the_compiled_part_of_psycopg(postgresql, url):
    """A server that hangs is an error in time, also if psycopg waits in Python."""
    environ = {"PSYCOPG_WAIT_FUNC": "wait_selector", "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD_TWICE, url], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() in ("binary", "c", "python")
    with postgresql.stopped():
        output, _ = process.communicate("\n", timeout=60)
    assert output == "StoreUnavailable True\n"


@pytest.mark.once
def test_a_locked_row_is_a_temporary_error(store, admin):
    """A save that waits for a row lock is an error in time, and PostgreSQL cancels the statement as well."""
    store.save(stored_session(), 0)
    admin.execute("BEGIN")
    admin.execute("SELECT * FROM ivrkit_sessions FOR UPDATE")
    assert "statement timeout" in error_of(StoreUnavailable, lambda: store.save(stored_session(turn=2), 1))
    assert store.load("CA1").turn == 1
    admin.execute("ROLLBACK")
    assert store.save(stored_session(turn=2), 1) is True


def test_terminated_connections_are_not_an_error(store, admin):
    """If an administrator terminates all connections, no load fails because of it."""
    store.load("CA1")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store.load, ["CA1"] * 40))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ivrkit'")
        assert list(pool.map(store.load, ["CA1"] * 40)) == [None] * 40


def test_a_new_connection_that_breaks_is_an_error(postgresql, database, open_url, monkeypatch):
    """A connection that breaks right after it was opened is an error, and is not opened again and again."""
    monkeypatch.setattr("ivrkit.sessions.postgresql._SET_TIMEOUT", "SELECT pg_terminate_backend(pg_backend_pid())")
    store = open_url(PostgreSQLStore, f"{postgresql.url()}/{database}")
    assert "terminating connection" in error_of(StoreUnavailable, lambda: store.load("CA1"))


def test_a_read_only_server_is_a_temporary_error(postgresql, database, admin, open_url):
    """A server that takes no writes is a StoreUnavailable, because a standby may become the primary."""
    store = open_url(PostgreSQLStore, f"{postgresql.url()}/{database}?options=-c%20default_transaction_read_only%3Don")
    open_url(PostgreSQLStore, f"{postgresql.url()}/{database}").load("CA1")
    assert store.load("CA1") is None
    message = error_of(StoreUnavailable, lambda: store.save(stored_session(), 0))
    assert "read-only transaction" in message
    assert message.endswith(TEMPORARY_HINT)


def test_too_many_clients_are_a_temporary_error(postgresql, database, admin, open_url):
    """If the role has too many connections, a load raises StoreUnavailable: the settings of this host are right."""
    admin.execute("DROP ROLE IF EXISTS few")
    admin.execute("CREATE ROLE few LOGIN PASSWORD 'f' CONNECTION LIMIT 0")
    store = open_url(PostgreSQLStore, f"postgresql://few:f@127.0.0.1:{postgresql.port}/{database}")
    assert "too many connections for role" in error_of(StoreUnavailable, lambda: store.load("CA1"))
    admin.execute("DROP ROLE few")


# Connections


def open_connections(store) -> int:
    """Return how many open connections the store keeps that are not in use."""
    return sum(entry is not None for entry in store._pool()._entries.queue)


def test_a_thread_uses_the_same_connection_again(store):
    """One thread needs one connection, however many statements it runs."""
    for _ in range(5):
        store.load("CA1")
    assert open_connections(store) == 1
    store.close()
    assert open_connections(store) == 0


def test_threads_share_a_few_connections(postgresql, database, open_url, monkeypatch):
    """Any number of threads uses a few connections; a thread that gets none in time raises StoreUnavailable."""
    monkeypatch.setattr("ivrkit.sessions.postgresql.CONNECTIONS", 2)
    store = open_url(PostgreSQLStore, f"{postgresql.url()}/{database}")
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(store.load, ["CA1"] * 30)) == [None] * 30
    assert open_connections(store) <= 2
    entries = store._pool()._entries
    in_use = [entries.get_nowait(), entries.get_nowait()]  # as if two other threads used both connections
    assert "all 2 connections are in use" in error_of(StoreUnavailable, lambda: store.load("CA1"))
    for each in in_use:
        entries.put(each)
    assert store.load("CA1") is None
