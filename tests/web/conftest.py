"""Fixtures of the web host's tests: apps with a session file of their own, calls, and the log."""

import logging
import os

import pytest
from tests.web.sample_trees import SHOP, TreePlugin, sessions_of
from tests.web.webhook_calls import TOKEN, WebhookCall, in_process

from ivrkit import Settings
from ivrkit.web import create_app

WEBHOOK = "https://ivr.example.com/webhook"
#: The beginning of the log line for a webhook that is refused. The test client has no address.
REFUSED = "WARNING 403 POST /webhook from an unknown address: "


@pytest.fixture
def session_file(tmp_path):
    """Return the path of the session file of a test."""
    return tmp_path / "calls.sqlite3"


@pytest.fixture
def make_app(session_file):
    """Return a function that makes apps with the given states, without the installed ACME package."""
    apps = []

    def make(tree=SHOP, **settings):
        settings = {"auth_token": TOKEN, "session_url": f"sqlite:///{session_file}", "block": "acme-states", **settings}
        plugin = tree if isinstance(tree, TreePlugin) else TreePlugin(tree)
        app = create_app(Settings(**settings), plugins={"shop": plugin} if plugin.states else None)
        apps.append(app)
        return app

    yield make
    for app in apps:
        sessions_of(app).close()


@pytest.fixture
def new_call(make_app):
    """Return a function that makes calls to an app: ``new_call(app)``, or ``new_call(tree=..., any_setting=...)``."""

    def make(app=None, *, sid=None, webhook=WEBHOOK, **settings):
        app = app or make_app(**{"dev": True, **settings})
        return WebhookCall(in_process(app), webhook, sid=sid)

    return make


@pytest.fixture
def logged(caplog):
    """Return a function that returns the messages logged since its last call, with tracebacks; no turns, no trees."""
    caplog.set_level(logging.INFO, logger="ivrkit")

    def read():
        records = [each for each in caplog.records if each.name.startswith("ivrkit") and each.name != "ivrkit.calls"]
        lines = [caplog.handler.format(each) for each in records]
        lines = [line for line in lines if "which is not installed" not in line and "INFO phone tree " not in line]
        caplog.clear()
        return lines

    caplog.handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    return read


@pytest.fixture
def no_settings(monkeypatch, tmp_path):
    """Return ``monkeypatch`` in an empty working folder and an environment without settings."""
    for name in os.environ:
        if name.startswith(("IVRKIT_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch
