"""The checks that need only this machine: settings, plugins, session store and clock."""

import sqlite3
import time
from contextlib import closing
from types import SimpleNamespace

import pytest

from ivrkit import Settings, State, hookimpl
from ivrkit.doctor.local_checks import check_clock, check_plugins, check_settings, check_store, check_time_zone
from ivrkit.sessions import SQLiteStore
from ivrkit.testing import installed_plugins

NO_TOKEN = "there is no auth token, so no signature can be checked"
RUN_DEV = "or, to check a host in dev mode, run ivrkit doctor --dev"
SET_TOKEN = ("set TWILIO_AUTH_TOKEN to the auth token of your account, from Twilio's console",)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"auth_token": "t"}, [("ok", "the settings load; there is an auth token; public_url is not set", ())]),
        (
            {"auth_token": "t", "shared_keys": {"k1": "a", "k2": "b"}},
            [("ok", "the settings load; there is an auth token and 2 shared keys; public_url is not set", ())],
        ),
        (
            {"shared_keys": {"k1": "a"}},
            [("ok", "the settings load; there is 1 shared key, and no auth token; public_url is not set", ())],
        ),
        (
            {"shared_keys": {"k1": "a", "k2": "b"}},
            [("ok", "the settings load; there are 2 shared keys, and no auth token; public_url is not set", ())],
        ),
        (
            {"accounts": {"AC" + "0" * 32: "t"}, "public_url": "https://a.example"},
            [("ok", "the settings load; there is an auth token; public_url is https://a.example", ())],
        ),
        ({}, [("failed", f"{NO_TOKEN}, and the host starts only in dev mode", (*SET_TOKEN, RUN_DEV))]),
        ({"dev": True}, [("warning", f"{NO_TOKEN}: in dev mode only this machine may send requests", SET_TOKEN)]),
        (
            {"auth_token": "t", "public_url": "http://a.example/phone"},
            [
                (
                    "warning",
                    "public_url is 'http://a.example/phone': the input of callers would be sent unencrypted",
                    ("set IVRKIT_PUBLIC_URL=https://a.example/phone",),
                )
            ],
        ),
    ],
    ids=["token", "token-and-keys", "one-key", "keys", "account", "none", "dev", "http"],
)
def test_the_settings_need_a_token_and_https(settings, expected):
    """A missing auth token is a failure or, in dev mode, a warning; a public URL without https is a warning."""
    results = check_settings(Settings(**settings))
    assert [(each.status, each.message, each.hints) for each in results] == expected
    assert {each.check for each in results} == {"settings"}


def test_plugin_objects_of_the_app_are_checked():
    """A problem of a plugin object that the app registers itself is reported like one of an installed plugin."""
    shop = SimpleNamespace(ivrkit_register_states=hookimpl(lambda settings: {"shop": State("Hi.", exit="nowhere")}))
    settings = Settings(block=tuple(installed_plugins()))
    results = check_plugins(settings, {"shop": shop})
    assert [each.status for each in results] == ["failed"]
    assert "nowhere" in results[0].message
    assert "shop" in results[0].message


def test_a_session_is_written_and_read(tmp_path):
    """The session that the check writes expires within a minute; other sessions are not touched."""
    path = tmp_path / "calls.sqlite3"
    (result,) = check_store(Settings(session_url=f"sqlite:///{path}"))
    assert (result.check, result.status, result.hints) == ("store", "ok", ())
    assert result.message == f"sqlite:///{path}: a session was written and read"
    store = SQLiteStore(path)
    assert store.remove_expired(time.time() + 61) == 1
    store.close()


def test_sessions_in_cookies_need_no_store():
    """If sessions are kept in cookies only, there is no store to check."""
    (result,) = check_store(Settings(session_url="cookie:"))
    assert (result.status, result.message) == ("ok", "sessions are kept in cookies only")


def test_a_store_that_cannot_be_opened_is_a_failure(tmp_path):
    """If the store cannot be opened, the result has the message and the hint of the store's own error."""
    (result,) = check_store(Settings(session_url=f"sqlite:///{tmp_path}/none/calls.sqlite3"))
    assert result.status == "failed"
    assert result.message.startswith(f"the session file {tmp_path}/none/calls.sqlite3: ")
    assert result.hints == ("session_url must name a file that this process may write, in a folder that exists",)


def test_an_unknown_store_is_a_failure():
    """A ``session_url`` with an unknown scheme is a failure, and the message hides its password."""
    (result,) = check_store(Settings(session_url="mysql://ann:secret@localhost"))
    assert result.message == "session_url must start with the scheme of a session store, not 'mysql://...@localhost'"


def test_a_store_that_loses_sessions_is_a_failure(tmp_path):
    """If the session cannot be read after it was written, the check fails."""
    path = tmp_path / "calls.sqlite3"
    SQLiteStore(path).close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TRIGGER loses AFTER INSERT ON sessions BEGIN DELETE FROM sessions; END")
    (result,) = check_store(Settings(session_url=f"sqlite:///{path}"))
    assert (result.status, result.hints) == ("failed", ("choose another session_url",))
    assert result.message == f"sqlite:///{path}: a session was written but could not be read"


def test_the_time_is_shown_in_the_time_zone_of_the_settings():
    """The result shows the local time, so that a reader notices a wrong clock or a wrong time zone."""
    (result,) = check_time_zone(Settings(timezone="Europe/Vienna"), 1_700_000_000.0)
    assert (result.check, result.status) == ("clock", "ok")
    assert result.message == "it is 2023-11-14 23:13:20 in the time zone Europe/Vienna"


@pytest.mark.parametrize(
    ("there", "status", "message"),
    [
        (1030.0, "ok", "the server's clock agrees with this machine's"),
        (1031.0, "warning", "the server's clock is 31 s ahead of this machine's"),
        (900.0, "warning", "the server's clock is 100 s behind this machine's"),
    ],
)
def test_a_clock_that_is_more_than_30_seconds_off_is_a_warning(there, status, message):
    """The clocks of the server and of this machine may differ by at most 30 seconds."""
    (result,) = check_clock(1000.0, there)
    assert (result.check, result.status, result.message) == ("clock", status, message)
    assert result.hints == (() if status == "ok" else ("synchronize both clocks: timedatectl set-ntp true",))
