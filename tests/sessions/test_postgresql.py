"""The store in PostgreSQL: the contract, and what is its own: statements, the table, URLs, and a server that fails."""

import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from tests.processes import free_port
from tests.sessions.servers import HIDDEN, PASSWORD, USER

from ivrkit import SessionError, StoreUnavailable
from ivrkit.conformance.stores import SharedStoreContract, stored_session
from ivrkit.sessions.postgresql import PostgreSQLStore

pytestmark = pytest.mark.stores

SETTING = (
    "\n  hint: session_url must name a database, and a user who may make and write the table ivrkit_sessions in it"
)
PASSING = "\n  hint: PostgreSQL must be running, reachable from here, and able to write; its own log says more"
#: What a store may take, in seconds: two, and one more on a machine that is busy with other tests.
ALLOWED = 3.0


@pytest.fixture
def url(postgresql, database):
    """Return the URL of a new database."""
    return f"{postgresql.url()}/{database}"


class TestPostgreSQL(SharedStoreContract):
    """The contract of a shared store."""

    @pytest.fixture
    def open_store(self, url):
        """Open a store in the new database."""
        return partial(PostgreSQLStore, url)


@pytest.fixture
def store(url, use):
    """Return a store that keeps nothing yet."""
    return use(PostgreSQLStore, url)


@pytest.fixture
def admin(postgresql, database):
    """Return a connection to the database that is not the store's."""
    with postgresql.connect(database) as connection:
        yield connection


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


# One statement


def test_a_load_is_one_round_and_a_save_another(postgresql, database, wire, use):
    """A caller waits for one round trip each time; to prepare a statement that comes often is one more, once."""
    way = wire(postgresql.port)
    store = use(PostgreSQLStore, f"{postgresql.url(port=way.port)}/{database}")
    for turn in range(10):
        store.load("CA1")
        store.save(stored_session(turn=turn + 1), turn)
    way.asked = 0
    for turn in range(10, 20):
        assert store.load("CA1").turn == turn
        assert store.save(stored_session(turn=turn + 1), turn)
    assert way.asked == 20


def test_the_expiry_is_not_indexed(store, admin):
    """A webhook moves the expiry on: the row is written anew within its page, and no index with it."""
    for turn in range(200):
        store.save(stored_session(turn=turn + 1, lasts=3600.0 + turn), turn)
    admin.execute("SELECT pg_stat_force_next_flush()")
    store.close()
    told = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'ivrkit_sessions'"
    end = time.monotonic() + 20
    while (found := admin.execute(told).fetchone())[0] < 199 and time.monotonic() < end:
        time.sleep(0.1)
    assert found == (199, 199)


def test_many_are_removed_by_and_by(store, monkeypatch):
    """However many have expired, each statement is a short one, and what there is no time for is left for later."""
    monkeypatch.setattr("ivrkit.sessions.postgresql.AT_ONCE", 2)
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


def test_the_table_is_made_by_whoever_comes_first(url, use):
    """Several hosts that begin on a new database at once do not disturb each other."""
    together = threading.Barrier(6)

    def begin(number: int) -> bool:
        store = use(PostgreSQLStore, url)
        together.wait()
        return store.save(stored_session(f"CA{number}"), 0)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(begin, range(6))) == [True] * 6


def test_a_table_that_was_taken_away_is_made_again(store, admin):
    """A store that is in use goes on with an empty one."""
    store.save(stored_session(), 0)
    admin.execute("DROP TABLE ivrkit_sessions")
    assert store.load("CA1") is None
    assert store.save(stored_session(turn=2), 1) is True


def test_a_table_of_another_shape_is_told(url, admin, use):
    """What something else uses under the same name is not written to."""
    admin.execute("CREATE TABLE ivrkit_sessions (id integer, cookie text)")
    store = use(PostgreSQLStore, url)
    told = refused(SessionError, lambda: store.load("CA1"))
    assert 'column "sid" does not exist' in told
    assert told.endswith(SETTING)


def test_a_user_who_may_not_make_the_table_is_told(postgresql, database, admin, use):
    """It is a wrong setting; where the table is there, its use is enough."""
    admin.execute("DROP ROLE IF EXISTS reader")
    admin.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
    address = f"127.0.0.1:{postgresql.port}/{database}"
    store = use(PostgreSQLStore, f"postgresql://reader:r@{address}")
    assert "permission denied for schema public" in refused(SessionError, lambda: store.load("CA1"))
    use(PostgreSQLStore, f"{postgresql.url()}/{database}").load("CA1")
    assert "permission denied for table" in refused(SessionError, lambda: store.save(stored_session(), 0))
    admin.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ivrkit_sessions TO reader")
    assert store.save(stored_session(), 0) is True
    admin.execute("DROP OWNED BY reader")
    store.close()
    admin.execute("DROP ROLE reader")


# Wrong settings


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
def test_a_url_that_is_none_is_told_without_its_password(url, shown):
    """What is wrong may be the password itself, so nothing that may be a part of it is told."""
    told = refused(SessionError, lambda: PostgreSQLStore(url))
    assert told == (
        f"the session store {shown}: libpq does not take this URL\n"
        "  hint: it is postgresql://USER:PASSWORD@HOST:PORT/NAME, and / ? # @ % in a password are percent-encoded"
    )


def test_a_name_that_is_no_text_is_told(store):
    """What cannot be written down is refused, and no caller hears a traceback."""
    assert "surrogates not allowed" in refused(SessionError, lambda: store.load("CA\ud800"))
    assert "NUL" in refused(SessionError, lambda: store.load("CA\0"))


def test_a_wrong_password_is_told(postgresql, database, use):
    """It is a wrong setting, and no waiting helps."""
    store = use(PostgreSQLStore, f"{postgresql.url('wrong')}/{database}")
    told = refused(SessionError, lambda: store.load("CA1"))
    assert told.startswith(
        f"the session store postgresql://...@127.0.0.1:{postgresql.port}/{database}: connection failed: "
    )
    assert told.endswith(f'FATAL:  password authentication failed for user "{USER}"{SETTING}')
    without = use(PostgreSQLStore, f"postgresql://{USER}@127.0.0.1:{postgresql.port}/{database}")
    assert "no password supplied" in refused(SessionError, lambda: without.save(stored_session(), 0))


def test_a_database_that_there_is_not_is_told(postgresql, use):
    """It is a wrong setting too."""
    store = use(PostgreSQLStore, f"{postgresql.url()}/nowhere")
    assert 'database "nowhere" does not exist' in refused(SessionError, lambda: store.load("CA1"))


def test_tls_where_there_is_none_is_told(url, use):
    """What libpq is told to insist on is a setting."""
    store = use(PostgreSQLStore, f"{url}?sslmode=require")
    assert "does not support SSL" in refused(SessionError, lambda: store.load("CA1"))


WITHOUT = """
import sys
sys.modules["psycopg"] = None
from ivrkit.sessions.postgresql import PostgreSQLStore
try:
    PostgreSQLStore("postgresql://ivr:sesame@localhost/calls")
except Exception as error:
    print(type(error).__name__, error)
"""


def test_without_the_library_it_is_told_what_to_install():
    """Nobody has psycopg who does not want this store; the module itself can be imported without it."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "SessionError the session store postgresql://...@localhost/calls needs psycopg, which is not installed\n"
        "  hint: pip install 'ivrkit[postgresql]'\n"
    )


# What passes


def test_nothing_is_connected_before_it_is_used(use):
    """A host can start while PostgreSQL is down; a refusal is told at once, when it is asked."""
    port = free_port()
    store = use(PostgreSQLStore, f"postgresql://{USER}:{HIDDEN}@127.0.0.1:{port}/calls")
    told = refused(StoreUnavailable, lambda: store.load("CA1"))
    assert told.startswith(f"the session store postgresql://...@127.0.0.1:{port}/calls: connection failed: ")
    assert "Connection refused" in told
    assert told.endswith(PASSING)
    refused(StoreUnavailable, lambda: store.save(stored_session(), 0))


@pytest.mark.once
@pytest.mark.parametrize("begun", [True, False], ids=["connected", "not-connected"])
def test_a_server_that_stands_still_is_not_waited_for(postgresql, store, begun):
    """Nobody waits longer than two seconds, and it is used again when it goes on."""
    if begun:
        store.load("CA1")
    with postgresql.stopped():
        assert "no answer in time" in refused(StoreUnavailable, lambda: store.load("CA1"))
        assert "no answer in time" in refused(StoreUnavailable, lambda: store.save(stored_session(), 0))
    assert store.save(stored_session(turn=2), 1) is True
    assert store.load("CA1").turn == 2


@pytest.mark.once
def test_the_waiting_written_in_python_is_as_good(postgresql, url):
    """Without its compiled part, psycopg keeps to the time as well."""
    code = (
        "import sys, time\nfrom ivrkit.sessions.postgresql import PostgreSQLStore\nimport psycopg\n"
        "store = PostgreSQLStore(sys.argv[1])\nstore.load('CA1')\nprint(psycopg.pq.__impl__, flush=True)\ninput()\n"
        "began = time.monotonic()\ntry:\n    store.load('CA1')\nexcept Exception as error:\n"
        "    print(type(error).__name__, time.monotonic() - began < 2)\n"
    )
    environ = {"PSYCOPG_WAIT_FUNC": "wait_selector", "PATH": "/usr/bin:/bin"}
    asked = subprocess.Popen(
        [sys.executable, "-c", code, url], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert asked.stdout.readline().strip() in ("binary", "c", "python")
    with postgresql.stopped():
        told, _ = asked.communicate("\n", timeout=60)
    assert told == "StoreUnavailable True\n"


@pytest.mark.once
def test_a_slow_server_is_not_waited_for(postgresql, database, wire, use):
    """The time is for all of it: to connect, to say who one is, and to ask."""
    way = wire(postgresql.port)
    way.delay = 0.7
    store = use(PostgreSQLStore, f"{postgresql.url(port=way.port)}/{database}")
    assert "no answer in time" in refused(StoreUnavailable, lambda: store.load("CA1"))
    way.delay = 0.0
    assert store.load("CA1") is None


@pytest.mark.once
def test_a_row_that_somebody_holds_is_not_waited_for(store, admin):
    """A lock that nobody lets go of ends in an error, and PostgreSQL does not go on waiting for it either."""
    store.save(stored_session(), 0)
    admin.execute("BEGIN")
    admin.execute("SELECT * FROM ivrkit_sessions FOR UPDATE")
    assert "statement timeout" in refused(StoreUnavailable, lambda: store.save(stored_session(turn=2), 1))
    assert store.load("CA1").turn == 1
    admin.execute("ROLLBACK")
    assert store.save(stored_session(turn=2), 1) is True


def test_a_server_that_was_restarted_costs_nobody_anything(postgresql, store):
    """Every connection that was kept is dead then, and what was saved is there."""
    one = stored_session()
    store.save(one, 0)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(store.load, ["CA1"] * 40)) == {one}
        postgresql.kill()
        refused(StoreUnavailable, lambda: store.load("CA1"))
        postgresql.start()
        assert set(pool.map(store.load, ["CA1"] * 40)) == {one}
    assert store.save(stored_session(turn=2), 1) is True


def test_connections_that_were_ended_cost_nobody_anything(store, admin):
    """An operator may end them all; each is one that is dead, and all are thrown away together."""
    store.load("CA1")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store.load, ["CA1"] * 40))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ivrkit'")
        assert list(pool.map(store.load, ["CA1"] * 40)) == [None] * 40


def test_an_answer_that_is_lost_is_asked_for_again(postgresql, database, wire, use):
    """What was saved before the connection broke is found, and is no refusal."""
    way = wire(postgresql.port)
    store = use(PostgreSQLStore, f"{postgresql.url(port=way.port)}/{database}")
    store.save(stored_session(), 0)
    way.cut_at_answer = True
    second = stored_session(turn=2)
    assert store.save(second, 1) is True
    assert store.load("CA1") == second
    assert way.cut_at_answer is False


def test_a_connection_that_breaks_at_once_is_told(postgresql, database, wire, use, monkeypatch):
    """One that was never of any use is not tried again and again, and nothing of it stays open."""
    monkeypatch.setattr("ivrkit.sessions.postgresql._PREPARE", "SELECT pg_terminate_backend(pg_backend_pid())")
    store = use(PostgreSQLStore, f"{postgresql.url()}/{database}")
    assert "terminating connection" in refused(StoreUnavailable, lambda: store.load("CA1"))


def test_a_server_that_only_reads_may_write_later(postgresql, database, admin, use):
    """A standby may be the first one when the other has failed."""
    store = use(PostgreSQLStore, f"{postgresql.url()}/{database}?options=-c%20default_transaction_read_only%3Don")
    use(PostgreSQLStore, f"{postgresql.url()}/{database}").load("CA1")
    assert store.load("CA1") is None
    told = refused(StoreUnavailable, lambda: store.save(stored_session(), 0))
    assert "read-only transaction" in told
    assert told.endswith(PASSING)


def test_a_server_that_has_too_many_clients_may_have_fewer_later(postgresql, database, admin, use):
    """It is no wrong setting of this host."""
    admin.execute("DROP ROLE IF EXISTS few")
    admin.execute("CREATE ROLE few LOGIN PASSWORD 'f' CONNECTION LIMIT 0")
    store = use(PostgreSQLStore, f"postgresql://few:f@127.0.0.1:{postgresql.port}/{database}")
    assert "too many connections for role" in refused(StoreUnavailable, lambda: store.load("CA1"))
    admin.execute("DROP ROLE few")


def test_threads_share_a_few_connections(postgresql, database, wire, use, monkeypatch):
    """However many threads a host has, PostgreSQL has a few connections of it; who gets none in time is told."""
    monkeypatch.setattr("ivrkit.sessions.postgresql.CONNECTIONS", 2)
    way = wire(postgresql.port)
    store = use(PostgreSQLStore, f"{postgresql.url(port=way.port)}/{database}")
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(store.load, ["CA1"] * 30)) == [None] * 30
        assert len(store._pool()._free) <= 2
        with postgresql.stopped():
            told = list(pool.map(lambda _: refused(StoreUnavailable, lambda: store.load("CA1")), range(6)))
    assert sum("all 2 connections are in use" in each for each in told) >= 2


# Processes


FORKING = """
import os, sys, warnings

from ivrkit.conformance.stores import stored_session
from ivrkit.sessions.postgresql import PostgreSQLStore

warnings.simplefilter("ignore", DeprecationWarning)  # of a fork where there are threads; here are none
store = PostgreSQLStore(sys.argv[1])
store.save(stored_session(), 0)
child = os.fork()
if child == 0:
    went = all(store.save(stored_session(turn=turn), turn - 1) for turn in range(2, 50))
    store.close()
    os._exit(0 if went else 1)
own = [store.save(stored_session("CA2", turn), turn - 1) for turn in range(1, 50)]
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, all(own), store.load("CA1").turn, store.load("CA2").turn)
store.close()
"""


@pytest.mark.once
def test_a_forked_process_opens_a_connection_of_its_own(url):
    """Two processes on one connection would read each other's answers; closing is for each its own."""
    done = subprocess.run([sys.executable, "-c", FORKING, url], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("0 True 49 49\n", "", 0)
