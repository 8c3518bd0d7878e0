"""What can be checked on this machine alone."""

import sqlite3
import time
from contextlib import closing
from types import SimpleNamespace

import pytest

from ivrkit import Settings, State, hookimpl
from ivrkit.doctor.findings import FAILED, OK, WARNING
from ivrkit.doctor.local import check_clock, check_plugins, check_settings, check_store, check_zone
from ivrkit.sessions import SQLiteStore

NO_TOKEN = "there is no token, so nobody's signature can be checked"
SET_TOKEN = ("set TWILIO_AUTH_TOKEN to the Auth Token of your account, as Twilio's console shows it",)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"auth_token": "t"}, [(OK, "they load; there is a token; public_url is left out", ())]),
        (
            {"accounts": {"AC" + "0" * 32: "t"}, "public_url": "https://a.example"},
            [(OK, "they load; there is a token; public_url is https://a.example", ())],
        ),
        ({}, [(FAILED, f"{NO_TOKEN}, and the host starts in dev mode alone", SET_TOKEN)]),
        ({"dev": True}, [(WARNING, f"{NO_TOKEN}: in dev mode this machine alone may ask", SET_TOKEN)]),
        (
            {"auth_token": "t", "public_url": "http://a.example/phone"},
            [
                (
                    WARNING,
                    "public_url is 'http://a.example/phone': what callers press would be sent for everybody to read",
                    ("IVRKIT_PUBLIC_URL=https://a.example/phone",),
                )
            ],
        ),
    ],
    ids=["token", "account", "none", "dev", "http"],
)
def test_settings_let_twilio_in_and_nobody_else(given, found):
    """A token is there, and the public URL is one that nobody listens to."""
    findings = check_settings(Settings(**given))
    assert [(each.status, each.found, each.mends) for each in findings] == found
    assert {each.check for each in findings} == {"settings"}


def test_the_hosts_own_plugins_are_loaded_with_the_installed_ones():
    """What is wrong with an object that an app is made with is told as well."""
    shop = SimpleNamespace(ivrkit_register_states=hookimpl(lambda settings: {"shop": State("Hi.", exit="nowhere")}))
    settings = Settings(block=("acme-states",))
    found = check_plugins(settings, {"shop": shop})
    assert [each.status for each in found] == [FAILED]
    assert "nowhere" in found[0].found
    assert "shop" in found[0].found


def test_a_session_is_written_and_read(tmp_path):
    """What is there of calls stays; the try expires in a minute, and goes with the next that do."""
    path = tmp_path / "calls.sqlite3"
    (found,) = check_store(Settings(session_url=f"sqlite:///{path}"))
    assert (found.check, found.status, found.mends) == ("store", OK, ())
    assert found.found == f"sqlite:///{path}: a session was written and read"
    store = SQLiteStore(path)
    assert store.remove_expired(time.time() + 61) == 1
    store.close()


def test_calls_in_cookies_alone_need_no_store():
    """Which is told."""
    (found,) = check_store(Settings(session_url="cookie:"))
    assert (found.status, found.found) == (OK, "calls are kept in their cookies alone")


def test_a_store_that_can_not_be_opened_is_told(tmp_path):
    """With the store's own message and mend."""
    (found,) = check_store(Settings(session_url=f"sqlite:///{tmp_path}/none/calls.sqlite3"))
    assert found.status == FAILED
    assert found.found.startswith(f"the session file {tmp_path}/none/calls.sqlite3: ")
    assert found.mends == ("session_url must name a file that this process may write, in a folder that exists",)


def test_a_store_of_another_kind_is_told():
    """The password in its URL is the store's own matter; what is no store is refused."""
    (found,) = check_store(Settings(session_url="mysql://ann:secret@localhost"))
    assert found.found == "session_url 'mysql://...@localhost' names no store"


def test_a_store_that_keeps_nothing_is_told(tmp_path):
    """A file that another program works on as well may lose what is saved."""
    path = tmp_path / "calls.sqlite3"
    SQLiteStore(path).close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TRIGGER loses AFTER INSERT ON sessions BEGIN DELETE FROM sessions; END")
    (found,) = check_store(Settings(session_url=f"sqlite:///{path}"))
    assert (found.status, found.mends) == (FAILED, ("choose another session_url",))
    assert found.found == f"sqlite:///{path} does not keep what is saved"


def test_the_time_is_told_in_the_zone_of_the_calls():
    """Whoever reads it sees at once whether it is right."""
    (found,) = check_zone(Settings(timezone="Europe/Vienna"), 1_700_000_000.0)
    assert (found.check, found.status) == ("clock", OK)
    assert found.found == "it is 2023-11-14 23:13:20 in the zone Europe/Vienna"


@pytest.mark.parametrize(
    ("there", "status", "found"),
    [
        (1030.0, OK, "the server's clock and this machine's are the same"),
        (1031.0, WARNING, "the server's clock is 31 s ahead of this machine's"),
        (900.0, WARNING, "the server's clock is 100 s behind this machine's"),
    ],
)
def test_two_clocks_are_compared(there, status, found):
    """Half a minute is told."""
    (finding,) = check_clock(1000.0, there)
    assert (finding.check, finding.status, finding.found) == ("clock", status, found)
    assert finding.mends == (() if status == OK else ("let both be set by the network: timedatectl set-ntp true",))
