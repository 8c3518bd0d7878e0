"""The app factory ``create_app``: settings, startup log, and errors at start."""

import logging

import pytest
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP, sessions_of
from tests.web.webhook_calls import TOKEN, WebhookCall, in_process, pressed

from ivrkit import SessionError, Settings
from ivrkit.web import create_app
from ivrkit.web.extension import MountedTree

NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'


def test_the_app_has_its_settings_plugins_and_store(make_app):
    """``app.extensions["ivrkit"]`` has the settings, the loaded plugins and the session manager."""
    tree = make_app(tries=2).extensions["ivrkit"]
    assert isinstance(tree, MountedTree)
    assert tree.settings.tries == 2
    assert set(tree.loaded.flow.states) == {"greeting", "menu", *SHOP}
    assert tree.sessions.load("CA1") is None


def test_create_app_reads_the_folder_and_the_environment(no_settings, tmp_path):
    """``create_app()`` reads ``ivrkit.toml`` and the environment; single settings override both."""
    (tmp_path / "ivrkit.toml").write_text('company = "Zebra"\nblock = ["acme-states"]\nmax_turns = 7\n')
    no_settings.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    no_settings.setenv("IVRKIT_URL_PREFIX", "/phone")
    app = create_app(max_turns=8)
    call = WebhookCall(in_process(app), "https://ivr.example.com/phone/webhook")
    assert call.dial().heard == "Thank you for calling Zebra. There are no options at the moment."
    assert call.over
    assert app.extensions["ivrkit"].settings.max_turns == 8
    assert (tmp_path / "ivrkit-sessions.sqlite3").exists()
    sessions_of(app).close()


def test_startup_warnings_and_problems_are_logged(make_app, caplog):
    """Startup warnings are logged as warnings, and problems as errors with their hints."""
    make_app({"odd": lambda settings: None}, strict=False, block=("nothing-of-this-name",))
    records = [(each.levelno, each.getMessage()) for each in caplog.records if each.name == "ivrkit.web"]
    assert (logging.WARNING, "block names 'nothing-of-this-name', which is not installed") in records
    (problem,) = [message for level, message in records if level == logging.ERROR]
    assert problem.startswith("plugin shop: 'odd' of its hook ivrkit_register_states cannot be made into a state")
    assert "\n  hint: " in problem


def test_a_store_that_cannot_be_opened_is_an_error(tmp_path):
    """``create_app`` raises an error that names the session file if it cannot be opened."""
    missing = tmp_path / "missing" / "calls.sqlite3"
    with pytest.raises(SessionError) as caught:
        create_app(Settings(auth_token=TOKEN, session_url=f"sqlite:///{missing}"))
    assert str(missing) in caught.value.message
    assert "in a folder that exists" in caught.value.hint


def test_a_tree_without_options_says_so_and_hangs_up(new_call, caplog):
    """Without any state in the menu, the caller hears that there are no options, and the log has a warning."""
    call = new_call(tree={})
    assert "the menu 'menu' has no options: no installed plugin offers any" in caplog.messages
    assert call.dial().heard == "Thank you for calling our company. There are no options at the moment."
    assert call.over
    assert call.send(WEBHOOK, pressed("1")).body == NOTHING
