"""The app factory: ``create_app`` reads the settings, loads the plugins and opens the session store."""

import logging

import pytest
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP, sessions_of
from tests.web.webhook_calls import TOKEN, WebhookCall, in_process, pressed

from ivrkit import SessionError, Settings
from ivrkit.web import create_app
from ivrkit.web.extension import MountedTree

NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'


def test_the_app_keeps_what_it_was_made_of(make_app):
    """Settings, plugins and store are at hand for whoever has the app."""
    host = make_app(tries=2).extensions["ivrkit"]
    assert isinstance(host, MountedTree)
    assert host.settings.tries == 2
    assert set(host.loaded.flow.states) == {"greeting", "menu", *SHOP}
    assert host.sessions.load("CA1") is None


def test_without_arguments_the_folder_and_the_environment_say_it_all(no_settings, tmp_path):
    """``create_app()`` reads ``ivrkit.toml`` and the environment; single settings go over both."""
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


def test_notices_and_faults_are_logged_at_start(make_app, caplog):
    """What is odd is a warning, what had to be left out is an error, each with its mend."""
    make_app({"odd": lambda settings: None}, strict=False, block=("nothing-of-this-name",))
    told = [(each.levelno, each.getMessage()) for each in caplog.records if each.name == "ivrkit.web"]
    assert (logging.WARNING, "block names 'nothing-of-this-name', which is not installed") in told
    (problem,) = [message for level, message in told if level == logging.ERROR]
    assert problem.startswith("plugin shop: 'odd' of its hook ivrkit_register_states gave no state")
    assert "\n  hint: " in problem


def test_a_store_that_cannot_be_opened_keeps_the_host_from_starting(tmp_path):
    """Better no host than one that forgets every call: the error names the file."""
    missing = tmp_path / "missing" / "calls.sqlite3"
    with pytest.raises(SessionError) as caught:
        create_app(Settings(auth_token=TOKEN, session_url=f"sqlite:///{missing}"))
    assert str(missing) in caught.value.message
    assert "in a folder that exists" in caught.value.hint


def test_a_tree_without_options_says_so_and_hangs_up(new_call, caplog):
    """With no plugin that offers states, a caller is not left with a menu of nothing, and the host warns of it."""
    call = new_call(tree={})
    assert "the menu 'menu' has no options: no installed plugin offers any" in caplog.messages
    assert call.dial().heard == "Thank you for calling our company. There are no options at the moment."
    assert call.over
    assert call.send(WEBHOOK, pressed("1")).body == NOTHING
