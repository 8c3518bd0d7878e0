"""What is SQLite's own: the file, its mode and journal, connections, forks, and whatever can be wrong with a file."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from ivrkit import SessionError, StoreUnavailable
from ivrkit.conformance.stores import SharedStoreContract
from ivrkit.sessions import SQLiteStore, StoredSession
from ivrkit.sessions.schemes import open_sqlite

HINT = "\n  hint: session_url must name a file that this process may write, in a folder that exists"


LOCKED = "\n  hint: something else has the file locked: end it, or give this host a file of its own"


class TestSQLite(SharedStoreContract):
    """The contract of a shared store."""

    @pytest.fixture
    def open_store(self, path):
        """Open a store in a new file."""
        return partial(SQLiteStore, path)


@pytest.fixture
def store(path):
    """Return a store in a new file."""
    store = SQLiteStore(path)
    yield store
    store.close()


@pytest.fixture
def statements(monkeypatch):
    """Return every connection that is opened from now on, each with the statements that it ran."""
    opened = []
    connect = sqlite3.connect

    def listening(*given, **named):
        connection = connect(*given, **named)
        opened.append([])
        connection.set_trace_callback(opened[-1].append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", listening)
    return opened


def test_a_new_file_is_readable_for_its_owner_alone(path):
    """SessionManager hold what callers said: nobody else on the machine may read them, whatever the umask."""
    before = os.umask(0)
    try:
        store = SQLiteStore(path)
        store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {"calls.sqlite3": 0o600, "calls.sqlite3-wal": 0o600, "calls.sqlite3-shm": 0o600}


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"])
def test_a_file_that_another_process_makes_at_the_same_time(path, begin):
    """Two processes may start on one new file: the second waits, even where SQLite itself would not."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(begin)
        other.execute("CREATE TABLE made (one)")
        threading.Timer(0.3, lambda: other.execute("COMMIT")).start()
        store = SQLiteStore(path)
    assert store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
    store.close()


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"])
def test_a_file_that_stays_locked_is_told(path, monkeypatch, begin):
    """Nobody waits for ever for another process."""
    monkeypatch.setattr("ivrkit.sessions.sqlite.PATIENCE", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(begin)
        with pytest.raises(StoreUnavailable) as caught:
            SQLiteStore(path)
    assert str(caught.value) == f"the session file {path}: database is locked{LOCKED}"


@pytest.mark.parametrize("url", ["sqlite://calls.sqlite3", "sqlite:///", "sqlite:", "sqlite:///:memory:"])
def test_a_url_that_names_no_file_is_refused(url, tmp_path, monkeypatch):
    """It is told what a URL looks like. In memory, each thread would have its own, and each call lose its place."""
    monkeypatch.chdir(tmp_path)
    assert refused(lambda: open_sqlite(url)) == (
        f"session_url must be sqlite:/// and the path of a file, not {url!r}\n"
        "  hint: for example sqlite:///calls.sqlite3, or sqlite:////var/lib/ivr/calls.sqlite3"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_relative_url_names_a_file_in_the_working_folder(tmp_path, monkeypatch):
    """``sqlite:///`` and a name is a file here, with four slashes it is one from the root."""
    monkeypatch.chdir(tmp_path)
    open_sqlite("sqlite:///here.sqlite3").close()
    open_sqlite(f"sqlite:///{tmp_path}/there.sqlite3").close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["here.sqlite3", "there.sqlite3"]


def test_the_journal_is_a_wal_that_is_synced_now_and_then(path, statements):
    """Every connection is set to WAL and ``synchronous=NORMAL``, and the file is in WAL mode for good."""
    store = SQLiteStore(path)
    store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
    assert [statement for statement in statements[0] if statement.startswith("PRAGMA")] == [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
    ]
    assert store._local.kept.connection.execute("PRAGMA synchronous").fetchone() == (1,)
    assert store._local.kept.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_webhook_runs_two_statements_on_a_connection_that_is_kept(path, statements):
    """A thread opens one connection, once; a load and a save are a statement each."""
    store = SQLiteStore(path)
    store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
    del statements[0][:]
    store.save(store.load("CA1")._replace(turn=2), 1)
    store.close()
    assert len(statements) == 1
    assert [statement.split()[0] for statement in statements[0]] == ["SELECT", "INSERT"]


def test_each_thread_has_a_connection_of_its_own(path, statements):
    """Threads do not wait for one another's reads."""
    store = SQLiteStore(path)
    thread = threading.Thread(target=lambda: (store.load("CA1"), store.load("CA1"), store.close()))
    thread.start()
    thread.join()
    store.close()
    assert len(statements) == 2


def test_what_a_call_expires_at_is_not_looked_for_row_by_row(store):
    """Expired calls are found by an index, and saving a later webhook does not have to write it."""
    plan = store._local.kept.connection.execute(
        "EXPLAIN QUERY PLAN DELETE FROM sessions WHERE earliest < 1 AND expires < 1"
    ).fetchall()
    assert "USING INDEX sessions_by_earliest" in plan[0][-1]


FORKING = """
import os, sys, warnings
from ivrkit.sessions import StoredSession, SQLiteStore

warnings.simplefilter("ignore", DeprecationWarning)  # of a fork where there are threads; here are none
store = SQLiteStore(sys.argv[1])
store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
inherited = store._local.kept.connection
child = os.fork()
if child == 0:
    saved = store.save(store.load("CA1")._replace(turn=2), 1)
    os._exit(0 if saved and store._local.kept.connection is not inherited else 1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, store.load("CA1").turn, store._local.kept.connection is inherited)
store.close()
"""


def test_a_forked_process_opens_a_connection_of_its_own(path):
    """SQLite's connections must not be carried into a fork: the child leaves its parent's alone."""
    done = subprocess.run([sys.executable, "-c", FORKING, path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("0 2 True\n", "", 0)


def refused(act) -> str:
    """Return the message with which something is refused."""
    with pytest.raises(SessionError) as caught:
        act()
    return str(caught.value)


def test_a_folder_that_does_not_exist_is_told(tmp_path):
    """The store makes a file and never a folder."""
    path = tmp_path / "nowhere" / "calls.sqlite3"
    assert refused(lambda: SQLiteStore(path)) == (
        f"the session file {path}: [Errno 2] No such file or directory: '{path}'{HINT}"
    )


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    """A URL that names a folder is not a store."""
    assert refused(lambda: SQLiteStore(tmp_path)) == (
        f"the session file {tmp_path}: [Errno 21] Is a directory: '{tmp_path}'{HINT}"
    )


UNPRIVILEGED = """
import os, sys
from ivrkit import SessionError
from ivrkit.sessions import SQLiteStore
user = os.geteuid()
if user == 0:  # root may write anywhere
    os.seteuid(65534)
try:
    SQLiteStore(sys.argv[1])
except SessionError as error:
    print(error)
os.seteuid(user)
"""


def test_a_folder_that_may_not_be_written_is_told(tmp_path):
    """A process that may not make the file says so, with its path."""
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest keeps them to their owner; another user is to get in
        folder.chmod(0o755)
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    path = folder / "calls.sqlite3"
    done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (
        f"the session file {path}: [Errno 13] Permission denied: '{path}'{HINT}\n",
        "",
    )


def test_a_file_that_is_no_database_is_told(path):
    """What is in the file stays as it is."""
    path.write_text("a shopping list, and long enough to be one" * 50, encoding="utf-8")
    assert refused(lambda: SQLiteStore(path)) == f"the session file {path}: file is not a database{HINT}"
    assert path.read_text(encoding="utf-8").startswith("a shopping list")


def test_a_file_that_is_damaged_later_is_told(path):
    """A file that broke while nobody looked is an error on purpose, in loading, saving and removing."""
    store = SQLiteStore(path)
    for number in range(50):
        store.save(StoredSession(f"CA{number}", 1, 5.0, "x" * 3000), 0)
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    told = f"the session file {path}: database disk image is malformed{HINT}"
    assert refused(lambda: store.load("CA1")) == told
    assert refused(lambda: store.save(StoredSession("CA99", 1, 5.0, "{}"), 0)) == told
    assert refused(lambda: store.remove_expired(5.0)) == told
    store.close()


def test_a_folder_that_is_gone_later_is_told(tmp_path):
    """Another thread opens a connection of its own, and finds nothing."""
    folder = tmp_path / "kept"
    folder.mkdir()
    store = SQLiteStore(folder / "calls.sqlite3")
    store.close()
    shutil.rmtree(folder)
    assert refused(lambda: store.load("CA1")).startswith(f"the session file {folder}/calls.sqlite3: unable to open")


def test_a_table_of_another_shape_is_told(path):
    """A file that something else uses under the same name is not written to."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE sessions (id INTEGER, cookie TEXT)")
    assert refused(lambda: SQLiteStore(path)) == f"the session file {path}: no such column: earliest{HINT}"


def test_a_writer_that_keeps_the_file_is_waited_for_and_then_told(path, monkeypatch):
    """A lock that nobody lets go of ends in an error, not in a caller who waits for ever."""
    monkeypatch.setattr("ivrkit.sessions.sqlite.PATIENCE", 0.05)
    store = SQLiteStore(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert refused(lambda: store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)) == (
            f"the session file {path}: database is locked{LOCKED}"
        )
        other.execute("ROLLBACK")
    assert store.save(StoredSession("CA1", 1, 5.0, "{}"), 0) is True
    store.close()


def test_a_reader_does_not_wait_for_a_writer(store, path):
    """In WAL mode a load gets what was saved last while somebody else is writing."""
    store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE sessions SET turn = 7")
        assert store.load("CA1").turn == 1
        other.execute("ROLLBACK")


KILLED = """
import os, signal, sys
from ivrkit.sessions import StoredSession, SQLiteStore
store = SQLiteStore(sys.argv[1])
store.save(StoredSession("CA1", 1, 5.0, "menu"), 0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_saved_outlives_a_process_that_is_killed(path: Path):
    """A worker that is killed between two webhooks loses nothing."""
    subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), path], check=False)
    store = SQLiteStore(path)
    assert store.load("CA1") == StoredSession("CA1", 1, 5.0, "menu")
    store.close()


def test_another_thread_does_not_give_up_the_locks_of_the_file(path, store):
    """Another process must not take itself for the last one, and remove what is not yet in the file.

    Whoever closes the file by other means than SQLite drops the locks of the whole process, and the file ends up
    malformed: https://www.sqlite.org/howtocorrupt.html, section 2.2.
    """
    assert store.save(StoredSession("CA1", 1, 1e12, "{}"), 0)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(store.load, "CA1").result().turn == 1
        log = Path(f"{path}-wal")
        assert log.stat().st_size > 0
        look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM sessions'); c.close()"
        subprocess.run([sys.executable, "-c", look, str(path)], check=True)
        assert log.exists()


def test_a_full_disk_is_told_and_passes(path):
    """The store can be used again as soon as there is room; what was kept before is there."""
    store = SQLiteStore(path)
    store.save(StoredSession("CA1", 1, 5.0, "menu"), 0)
    store._local.kept.connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnavailable) as caught:
        store.save(StoredSession("CA2", 1, 5.0, "x" * 100_000), 0)
    assert str(caught.value) == f"the session file {path}: database or disk is full\n  hint: make room on the disk"
    store._local.kept.connection.execute("PRAGMA max_page_count = 1000000")
    assert store.save(StoredSession("CA2", 1, 5.0, "x" * 100_000), 0)
    assert store.load("CA1") == StoredSession("CA1", 1, 5.0, "menu")
    store.close()
