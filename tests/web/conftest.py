"""What the tests of the web host share: apps on a session file of their own, and a plugin that watches."""

import logging
import os

import pytest
from tests.web.sample_trees import SHOP, TreePlugin, sessions_of
from tests.web.webhook_calls import TOKEN, WebhookCall, in_process

from ivrkit import Settings
from ivrkit.web import create_app

WEBHOOK = "https://ivr.example.com/webhook"


@pytest.fixture
def session_file(tmp_path):
    """Where the calls of a test are kept."""
    return tmp_path / "calls.sqlite3"


@pytest.fixture
def make_app(session_file):
    """Make apps, with the states of ACME left out wherever they are installed."""
    made = []

    def make(tree=SHOP, **settings):
        given = {"auth_token": TOKEN, "session_url": f"sqlite:///{session_file}", "block": "acme-states", **settings}
        plugin = tree if isinstance(tree, TreePlugin) else TreePlugin(tree)
        app = create_app(Settings(**given), plugins={"shop": plugin} if plugin.states else None)
        made.append(app)
        return app

    yield make
    for app in made:
        sessions_of(app).close()


@pytest.fixture
def new_call(make_app):
    """Call an app in process: ``call(app)``, or ``call(tree=..., any_setting=...)`` for an app of its own."""

    def make(app=None, *, sid=None, webhook=WEBHOOK, **settings):
        app = app or make_app(**{"dev": True, **settings})
        return WebhookCall(in_process(app), webhook, sid=sid)

    return make


@pytest.fixture
def logged(caplog):
    """Return the messages, tracebacks included, that ivrkit logged since this was last asked, trees and turns apart."""
    caplog.set_level(logging.INFO, logger="ivrkit")

    def told():
        records = [each for each in caplog.records if each.name.startswith("ivrkit") and each.name != "ivrkit.calls"]
        lines = [caplog.handler.format(each) for each in records]
        lines = [line for line in lines if "which is not installed" not in line and "INFO phone tree " not in line]
        caplog.clear()
        return lines

    caplog.handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    return told


@pytest.fixture
def no_settings(monkeypatch, tmp_path):
    """A working folder and an environment without any setting."""
    for name in os.environ:
        if name.startswith(("IVRKIT_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch
