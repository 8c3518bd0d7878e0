"""``ivrkit quarantine``, and the quarantine in the lists of plugins and states."""

import json
import logging

import pytest
import time_machine

from ivrkit.host.quarantine.record import Entry, add_entry
from ivrkit.host.quarantine.shared_record import SharedRecord, record_id
from ivrkit.sessions import SQLiteStore
from ivrkit.sessions.circuit_breaker import CircuitBreaker

POINTS = """
[ivrkit.states]
desk = desk:desk
fax = desk:fax

[ivrkit.plugins]
desk = desk
"""
DESK = """
import ivrkit

desk = ivrkit.State("Desk.", options=ivrkit.MenuOption("1", "the desk"))
fax = ivrkit.State("Fax.", options=ivrkit.MenuOption("2", "the fax"))


@ivrkit.hookimpl
def ivrkit_state_quarantined(state, reason):
    print("quarantined", state.name, reason)


@ivrkit.hookimpl
def ivrkit_state_released(state):
    print("released", state.name)
"""
#: 2033-05-18 03:33:20 UTC
NOW = 2_000_000_000.0


@pytest.fixture(autouse=True)
def desk(alone, install):
    """Install a plugin with two states, and stop the clock."""
    install("desk-states", "2.0", POINTS, desk=DESK)
    with time_machine.travel(NOW, tick=False):
        yield


def save(folder, name, entry, tree="ivrkit"):
    """Put an entry in the record, as a worker does."""
    store = SQLiteStore(folder / "ivrkit-sessions.sqlite3")
    record = SharedRecord(store, CircuitBreaker(), record_id(tree), lambda: NOW)
    record.change_in_store(store, lambda found: add_entry(found, name, entry))
    store.close()


def test_an_empty_quarantine(ivrkit):
    """Without states in quarantine, the command says so."""
    for arguments in ([], ["list"]):
        result = ivrkit("quarantine", *arguments)
        assert (result.stdout, result.stderr, result.exit_code) == ("No state is in quarantine.\n", "", 0)
    assert ivrkit("quarantine", "--json").stdout == "[]\n"


def test_a_state_is_added_listed_and_released(ivrkit):
    """A person puts a state in quarantine with a reason, sees it in the list, and releases it. The hooks are called."""
    added = ivrkit("quarantine", "add", "desk", "--reason", "the CRM is down")
    assert added.stdout == "quarantined desk the CRM is down\ndesk is in quarantine: the CRM is down\n"
    assert (added.stderr, added.exit_code) == ("", 0)
    listed = ivrkit("quarantine").stdout
    assert listed == (
        "STATE  PLUGIN           SINCE                 NEXT TRY       REASON\n"
        "desk   desk-states 2.0  2033-05-18T03:33:20Z  when released  the CRM is down\n"
    )
    assert ivrkit("quarantine", "list").stdout == listed
    released = ivrkit("quarantine", "clear", "desk", "fax")
    assert released.stdout == "released desk\ndesk is released\nfax was not in quarantine\n"
    assert ivrkit("quarantine").stdout == "No state is in quarantine.\n"


def test_the_reason_has_a_default(ivrkit):
    """Without --reason, the reason says that a person has put the state in quarantine."""
    ivrkit("quarantine", "add", "fax")
    (entry,) = json.loads(ivrkit("quarantine", "--json").stdout)
    assert entry["reason"] == "put in quarantine by a person"


def test_the_json_has_all_that_is_known(ivrkit, folder):
    """The JSON has the times, the trial call and the version that failed."""
    save(folder, "desk", Entry("5 failures in 60 s", NOW - 90, NOW - 30, "desk-states 1.9", "enter", "CA1", NOW + 1))
    save(folder, "fax", Entry("by hand", NOW - 1))
    desk = {
        "state": "desk",
        "plugin": "desk-states 1.9",
        "since": "2033-05-18T03:31:50Z",
        "next_try": "2033-05-18T03:32:50Z",
        "trial_call": "CA1",
        "reason": "5 failures in 60 s",
    }
    fax = {
        "state": "fax",
        "plugin": "desk-states 2.0",
        "since": "2033-05-18T03:33:19Z",
        "next_try": None,
        "trial_call": None,
        "reason": "by hand",
    }
    for arguments in (["--json"], ["list", "--json"]):
        assert json.loads(ivrkit("quarantine", *arguments).stdout) == [desk, fax]
    assert json.loads(ivrkit("quarantine", "clear", "desk", "--json").stdout.removeprefix("released desk\n")) == [fax]


def test_the_next_try(ivrkit, folder):
    """The list says when a state is tried again, and that a call is trying it now."""
    save(folder, "desk", Entry("x", NOW, NOW + 60, "desk-states 2.0"))
    save(folder, "fax", Entry("x", NOW, NOW, "desk-states 2.0", "enter", "CA1", NOW + 1))
    lines = ivrkit("quarantine").stdout.splitlines()
    assert "2033-05-18T03:34:20Z" in lines[1]
    assert lines[2].split() == ["fax", "desk-states", "2.0", "2033-05-18T03:33:20Z", "now", "x"]


def test_all_states_are_released(ivrkit, folder):
    """With --all every state is released, also a state that this phone tree does not have."""
    assert ivrkit("quarantine", "clear", "--all").stdout == "No state was in quarantine.\n"
    save(folder, "desk", Entry("x", NOW))
    save(folder, "gone", Entry("x", NOW))
    assert "gone   -                2033" in ivrkit("quarantine").stdout
    assert ivrkit("quarantine", "clear", "--all").stdout == "released desk\ndesk is released\ngone is released\n"
    save(folder, "gone", Entry("x", NOW))
    assert ivrkit("quarantine", "clear", "gone").stdout == "gone is released\n"


@pytest.mark.parametrize("command", ["add", "clear"])
def test_an_unknown_state_is_an_error(ivrkit, folder, command):
    """The name of a state must exist, and nothing is changed otherwise."""
    save(folder, "desk", Entry("x", NOW))
    names = ["desk", "fx"] if command == "clear" else ["fx"]
    result = ivrkit("quarantine", command, *names)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == (
        "Error: the state 'fx' does not exist, did you mean 'fax'?\n  hint: its states: greeting, menu, desk, fax\n"
    )
    assert "desk" in ivrkit("quarantine").stdout


@pytest.mark.parametrize("arguments", [[], ["desk", "--all"]])
def test_clear_needs_states_or_all(ivrkit, arguments):
    """``clear`` takes either names or --all."""
    result = ivrkit("quarantine", "clear", *arguments)
    assert result.exit_code == 2
    assert "Error: Name the states to release, or use --all." in result.stderr


@pytest.mark.parametrize("options", [["--json"], ["--block", "other"]])
def test_options_before_a_command_are_an_error(ivrkit, options):
    """An option that would have no effect is an error that says where to write the option."""
    result = ivrkit("quarantine", *options, "add", "desk")
    assert result.exit_code == 2
    assert "Error: Write the options after the command: ivrkit quarantine add [OPTIONS]." in result.stderr


def test_without_a_store_there_is_nothing_to_list(ivrkit, monkeypatch):
    """With sessions in cookies only, the command says what to do, and the lists of plugins and states work."""
    monkeypatch.setenv("IVRKIT_SESSION_URL", "cookie:")
    result = ivrkit("quarantine")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == (
        "Error: session_url must be a session store, not 'cookie:': without a store, each process has a quarantine of "
        "its own, which a command cannot see\n"
        "  hint: set session_url to a store, such as sqlite:///calls.sqlite3\n"
    )
    assert (ivrkit("states").stderr, ivrkit("plugins").stderr) == ("", "")


def test_a_failing_hook_does_not_stop_the_command(ivrkit, install, caplog):
    """The failure of a hook is logged without a call, and the state is in quarantine."""
    bad = "import ivrkit\n\n\n@ivrkit.hookimpl\ndef ivrkit_state_quarantined(state):\n    raise ValueError('no')\n"
    install("bad-states", "1.0", "[ivrkit.plugins]\nbad = bad\n", bad=bad)
    caplog.set_level(logging.ERROR, "ivrkit")
    assert ivrkit("quarantine", "add", "desk").stdout.endswith("desk is in quarantine: put in quarantine by a person\n")
    (record,) = caplog.records
    assert record.getMessage().startswith("ivrkit_state_quarantined of bad-states 1.0 failed: ValueError: no\n")


class TestLists:
    """The quarantine in ``ivrkit states`` and ``ivrkit plugins``."""

    def test_the_lists_have_a_column(self, ivrkit, folder):
        """If a state is in quarantine, both lists have a column for it, and the JSON has it too."""
        save(folder, "desk", Entry("5 failures in 60 s", NOW, NOW + 60, "desk-states 2.0"))
        headings, *_, desk, fax = ivrkit("states").stdout.splitlines()
        assert headings.split() == ["STATE", "PLUGIN", "VERSION", "KEY", "LEADS", "TO", "QUARANTINE"]
        assert desk.endswith("hang up          5 failures in 60 s")
        assert fax.endswith("hang up")
        found = {each["state"]: each["quarantine"] for each in json.loads(ivrkit("states", "--json").stdout)}
        assert found == {"greeting": None, "menu": None, "desk": "5 failures in 60 s", "fax": None}
        headings, own, desk = ivrkit("plugins").stdout.splitlines()
        assert headings.endswith("  QUARANTINE")
        assert own.endswith("ivrkit_register_stores")
        assert desk.endswith("  desk")
        found = {each["plugin"]: each["quarantine"] for each in json.loads(ivrkit("plugins", "--json").stdout)}
        assert found == {"ivrkit": [], "desk-states": ["desk"]}
        assert "desk-states==2.0" in ivrkit("plugins", "--requirements").stdout

    def test_the_quarantine_of_another_version_is_not_shown(self, ivrkit, folder):
        """The quarantine of an older version does not concern the installed version."""
        save(folder, "desk", Entry("5 failures in 60 s", NOW, NOW + 60, "desk-states 1.9"))
        assert "QUARANTINE" not in ivrkit("states").stdout
        assert "QUARANTINE" not in ivrkit("plugins").stdout

    def test_the_lists_create_no_session_file(self, ivrkit, folder):
        """A list of a new project leaves the folder as it is."""
        ivrkit("states")
        ivrkit("plugins")
        assert list(folder.iterdir()) == []

    def test_a_failing_store_is_a_warning(self, ivrkit, folder):
        """If the record cannot be read, the list is printed, and a warning says why it has no quarantine."""
        file = folder / "ivrkit-sessions.sqlite3"
        file.write_text("this is no database, but it is long enough to be read as one" * 10)
        result = ivrkit("states")
        assert "desk-states" in result.stdout
        assert result.stderr.startswith(
            "Warning: the quarantine cannot be read: the session file ivrkit-sessions.sqlite3: file is not a database\n"
            "  hint: "
        )
        failed = ivrkit("quarantine")
        assert failed.exit_code == 1
        assert failed.stderr.startswith("Error: the session file ivrkit-sessions.sqlite3: file is not a database\n")

    @pytest.mark.stores
    def test_a_store_that_is_away_is_an_error_without_a_traceback(self, ivrkit, monkeypatch, caplog):
        """The command prints one message if the server of the store is down."""
        monkeypatch.setenv("IVRKIT_SESSION_URL", "redis://127.0.0.1:1/0")
        result = ivrkit("quarantine")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: the session store redis://127.0.0.1:1/0: Error 111 ")
        assert caplog.records == []
