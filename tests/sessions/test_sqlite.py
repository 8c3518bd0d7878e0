"""The SQLite store: the file and its permissions, the journal, connections, forks, and the errors of a file."""

import gc
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
from ivrkit.sessions.sqlite import _ThreadConnection

HINT = "\n  hint: session_url must name a file that this process may write, in a folder that exists"


LOCKED = "\n  hint: another program has locked the file: stop it, or give ivrkit a file of its own"


@pytest.mark.usefixtures("no_store_timeouts")
class TestSQLite(SharedStoreContract):
    """The SQLite store keeps the contract of a shared store."""

    @pytest.fixture
    def open_store(self, path):
        """Return a function that opens the same file each time."""
        return partial(SQLiteStore, path)


@pytest.fixture
def store(path):
    """Return a store in a new file."""
    store = SQLiteStore(path)
    yield store
    store.close()


@pytest.fixture
def statements(monkeypatch):
    """Return a list that gets, for each connection that is opened from now on, the list of its statements."""
    opened = []
    connect = sqlite3.connect

    def traced_connect(*given, **named):
        connection = connect(*given, **named)
        opened.append([])
        connection.set_trace_callback(opened[-1].append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced_connect)
    return opened


def test_only_the_owner_can_read_a_new_file(path):
    """Only its owner can read the file, with any umask, because sessions contain what callers said."""
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
def test_two_processes_can_create_the_file_at_the_same_time(path, begin):
    """If two processes create the file at the same time, the second waits for the first."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(begin)
        other.execute("CREATE TABLE made (one)")
        threading.Timer(0.3, lambda: other.execute("COMMIT")).start()
        store = SQLiteStore(path)
    assert store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
    store.close()


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"])
def test_a_file_that_stays_locked_is_an_error(path, monkeypatch, begin):
    """A store waits for a lock for a limited time, and then raises StoreUnavailable."""
    monkeypatch.setattr("ivrkit.sessions.sqlite.LOCK_TIMEOUT", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(begin)
        with pytest.raises(StoreUnavailable) as caught:
            SQLiteStore(path)
    assert str(caught.value) == f"the session file {path}: database is locked{LOCKED}"


def test_a_url_with_a_password_is_not_shown():
    """The error for the URL of a file hides a password, which belongs to the URL of another store."""
    assert error_of(lambda: open_sqlite("sqlite://ivr:canary@db.example")).startswith(
        "session_url must be sqlite:/// and the path of a file, not 'sqlite://...@db.example'\n"
    )


@pytest.mark.parametrize("url", ["sqlite://calls.sqlite3", "sqlite:///", "sqlite:", "sqlite:///:memory:"])
def test_a_url_without_a_file_is_an_error(url, tmp_path, monkeypatch):
    """A URL without a path is an error, and so is an in-memory database: each thread would have its own."""
    monkeypatch.chdir(tmp_path)
    assert error_of(lambda: open_sqlite(url)) == (
        f"session_url must be sqlite:/// and the path of a file, not {url!r}\n"
        "  hint: for example sqlite:///calls.sqlite3, or sqlite:////var/lib/ivr/calls.sqlite3"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_relative_url_is_a_file_in_the_working_folder(tmp_path, monkeypatch):
    """After `sqlite:///` comes a path relative to the working folder; a fourth slash makes it absolute."""
    monkeypatch.chdir(tmp_path)
    open_sqlite("sqlite:///here.sqlite3").close()
    open_sqlite(f"sqlite:///{tmp_path}/there.sqlite3").close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["here.sqlite3", "there.sqlite3"]


def test_the_journal_is_a_write_ahead_log(path, statements):
    """Every connection has the journal mode WAL and `synchronous=NORMAL`, and the file stays in WAL mode."""
    store = SQLiteStore(path)
    store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
    assert [statement for statement in statements[0] if statement.startswith("PRAGMA")] == [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
    ]
    assert store._local.current.connection.execute("PRAGMA synchronous").fetchone() == (1,)
    assert store._local.current.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_webhook_is_two_statements_on_one_connection(path, statements):
    """A thread opens its connection once, and a load and a save are one statement each."""
    store = SQLiteStore(path)
    store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
    del statements[0][:]
    store.save(store.load("CA1")._replace(turn=2), 1)
    store.close()
    assert len(statements) == 1
    assert [statement.split()[0] for statement in statements[0]] == ["SELECT", "INSERT"]


def test_a_connection_that_other_code_has_closed_is_opened_again(path, statements):
    """A plugin can close every connection of its process. The next load or save of the thread opens a new one."""
    store = SQLiteStore(path)
    for turn in range(1, 4):
        store._local.current.connection.close()
        assert store.save(StoredSession("CA1", turn, 5.0, "{}"), turn - 1)
        store._local.current.connection.close()
        assert store.load("CA1").turn == turn
    store.close()
    assert len(statements) == 7


def test_each_thread_has_its_own_connection(path, statements):
    """Every thread opens its own connection, so that threads do not wait for each other's reads."""
    store = SQLiteStore(path)
    thread = threading.Thread(target=lambda: (store.load("CA1"), store.load("CA1"), store.close()))
    thread.start()
    thread.join()
    store.close()
    assert len(statements) == 2


def test_expired_sessions_are_found_by_an_index(store):
    """The statement that removes expired sessions uses the index over the first expiry of each call."""
    plan = store._local.current.connection.execute(
        "EXPLAIN QUERY PLAN DELETE FROM sessions WHERE earliest < 1 AND expires < 1"
    ).fetchall()
    assert "USING INDEX sessions_by_earliest" in plan[0][-1]


FORKING = """
import os, sys, warnings
from ivrkit.sessions import StoredSession, SQLiteStore

warnings.simplefilter("ignore", DeprecationWarning)  # of a fork where there are threads; here are none
store = SQLiteStore(sys.argv[1])
store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)
inherited = store._local.current.connection
child = os.fork()
if child == 0:
    saved = store.save(store.load("CA1")._replace(turn=2), 1)
    os._exit(0 if saved and store._local.current.connection is not inherited else 1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, store.load("CA1").turn, store._local.current.connection is inherited)
store.close()
"""


def test_a_forked_process_opens_its_own_connection(path):
    """A forked process neither uses nor closes the connection of its parent."""
    done = subprocess.run([sys.executable, "-c", FORKING, path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("0 2 True\n", "", 0)


def test_a_connection_that_was_not_opened_is_forgotten(tmp_path):
    """A file that disappears before a thread opens it is an error, and nothing is left to close."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        _ThreadConnection(str(tmp_path / "nowhere" / "calls.sqlite3"), None)
    gc.collect()  # an error in `__del__` would fail the test


def error_of(act) -> str:
    """Return the message of the SessionError that a function raises."""
    with pytest.raises(SessionError) as caught:
        act()
    return str(caught.value)


def test_a_missing_folder_is_an_error(tmp_path):
    """The store creates the file but never its folder."""
    path = tmp_path / "nowhere" / "calls.sqlite3"
    assert error_of(lambda: SQLiteStore(path)) == (
        f"the session file {path}: [Errno 2] No such file or directory: '{path}'{HINT}"
    )


def test_a_folder_instead_of_a_file_is_an_error(tmp_path):
    """A URL with the path of a folder is an error."""
    assert error_of(lambda: SQLiteStore(tmp_path)) == (
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


def test_a_folder_without_write_permission_is_an_error(tmp_path):
    """A process that may not create the file raises an error with the path."""
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest gives permissions to the owner only
        folder.chmod(0o755)
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    path = folder / "calls.sqlite3"
    done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (
        f"the session file {path}: [Errno 13] Permission denied: '{path}'{HINT}\n",
        "",
    )


def test_a_file_that_is_not_a_database_is_an_error(path):
    """A file with other contents is an error, and its contents stay as they are."""
    path.write_text("a shopping list, and long enough to be one" * 50, encoding="utf-8")
    assert error_of(lambda: SQLiteStore(path)) == f"the session file {path}: file is not a database{HINT}"
    assert path.read_text(encoding="utf-8").startswith("a shopping list")


def test_a_file_that_is_damaged_later_is_an_error(path):
    """A file that was damaged while the store was open is a SessionError in load, save and remove_expired."""
    store = SQLiteStore(path)
    for number in range(50):
        store.save(StoredSession(f"CA{number}", 1, 5.0, "x" * 3000), 0)
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    message = f"the session file {path}: database disk image is malformed{HINT}"
    assert error_of(lambda: store.load("CA1")) == message
    assert error_of(lambda: store.save(StoredSession("CA99", 1, 5.0, "{}"), 0)) == message
    assert error_of(lambda: store.remove_expired(5.0)) == message
    store.close()


def test_a_folder_that_is_removed_later_is_an_error(tmp_path):
    """A new connection to a file whose folder was removed is an error."""
    folder = tmp_path / "removed"
    folder.mkdir()
    store = SQLiteStore(folder / "calls.sqlite3")
    store.close()
    shutil.rmtree(folder)
    assert error_of(lambda: store.load("CA1")).startswith(f"the session file {folder}/calls.sqlite3: unable to open")


def test_a_table_with_other_columns_is_an_error(path):
    """A file with a table of the same name and other columns is an error at start."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE sessions (id INTEGER, cookie TEXT)")
    assert error_of(lambda: SQLiteStore(path)) == f"the session file {path}: no such column: earliest{HINT}"


def test_a_save_waits_for_another_writer_for_a_limited_time(path, monkeypatch):
    """A save waits for another writer for a limited time, raises an error, and works again later."""
    monkeypatch.setattr("ivrkit.sessions.sqlite.LOCK_TIMEOUT", 0.05)
    store = SQLiteStore(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert error_of(lambda: store.save(StoredSession("CA1", 1, 5.0, "{}"), 0)) == (
            f"the session file {path}: database is locked{LOCKED}"
        )
        other.execute("ROLLBACK")
    assert store.save(StoredSession("CA1", 1, 5.0, "{}"), 0) is True
    store.close()


def test_a_load_does_not_wait_for_a_writer(store, path):
    """While another connection writes, a load returns the last session that was committed."""
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


def test_a_saved_session_survives_the_death_of_the_process(path: Path):
    """A session that was saved is still there after the process was killed."""
    subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), path], check=False)
    store = SQLiteStore(path)
    assert store.load("CA1") == StoredSession("CA1", 1, 5.0, "menu")
    store.close()


def test_another_thread_does_not_drop_the_locks_of_the_file(path, store):
    """Opening the store in another thread keeps the locks, so that another process does not remove the log.

    A process that closes the file by other means than SQLite drops all its locks on the file, and the file can become
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


def test_a_full_disk_is_a_temporary_error(path):
    """A full disk raises StoreUnavailable; the store works again when there is room, and has lost nothing."""
    store = SQLiteStore(path)
    store.save(StoredSession("CA1", 1, 5.0, "menu"), 0)
    store._local.current.connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnavailable) as caught:
        store.save(StoredSession("CA2", 1, 5.0, "x" * 100_000), 0)
    assert str(caught.value) == f"the session file {path}: database or disk is full\n  hint: make room on the disk"
    store._local.current.connection.execute("PRAGMA max_page_count = 1000000")
    assert store.save(StoredSession("CA2", 1, 5.0, "x" * 100_000), 0)
    assert store.load("CA1") == StoredSession("CA1", 1, 5.0, "menu")
    store.close()
