"""Connection overrides: how often Twilio repeats a failed request, and the fragment of the addresses in a document.

The simulator repeats requests as Twilio's page describes it:
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides.
"""

import socket

import pytest
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import sessions_of
from tests.web.simulated_calls import simulator_for_app, simulator_for_url
from tests.web.webhook_calls import WebhookCall, in_process, serving
from twilio.twiml.voice_response import Dial

from ivrkit import MenuOption, Routes, State, Whisper
from ivrkit.simulator import PickUp, Press
from ivrkit.simulator.events import Requested

APOLOGY = "We are sorry, something went wrong."


class FailingApp:
    """A WSGI application that fails for some of an app's webhooks, and for the repetitions of these.

    :param app: the app.
    :param fail: the WSGI application that answers in its place.
    :param at: the numbers of the webhooks that fail, from 1; copies with one idempotency token count once.
    """

    def __init__(self, app, fail, *at):
        self._app, self._fail, self._at = app, fail, at
        self._tokens = []

    def __call__(self, environ, start_response):
        """Answer, or fail."""
        token = environ["HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"]
        self._tokens += [] if token in self._tokens else [token]
        if self._tokens.index(token) + 1 in self._at:
            return self._fail(environ, start_response)
        return self._app(environ, start_response)


def respond_500(environ, start_response):
    """Respond as a server does whose worker died."""
    start_response("500 Internal Server Error", [("Content-Type", "text/html")])
    return [b"<h1>Internal Server Error</h1>"]


def drop_connection(environ, start_response):
    """Close the connection without a response."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("the worker died")


def purposes(call):
    """Return the purpose of each request of a call."""
    return [each.purpose for each in call.events if isinstance(each, Requested)]


def test_a_webhook_with_a_server_error_is_not_repeated(make_app):
    """A webhook that fails with 500 is not repeated: Twilio requests the fallback, and the call goes on."""
    call = simulator_for_app(FailingApp(make_app(dev=True), respond_500, 2)).call([Press("1")])
    assert purposes(call) == ["webhook", "action", "fallback", "redirect"]
    assert APOLOGY in call.heard
    assert call.state == "menu"


def test_a_closed_connection_is_not_repeated(make_app):
    """A webhook whose connection is closed without a response is not repeated."""
    app = make_app(dev=True)
    with serving(FailingApp(app, drop_connection, 2), sessions_of(app)) as base:
        call = simulator_for_url(f"{base}/webhook").call([Press("1")])
    assert purposes(call) == ["webhook", "action", "fallback", "redirect"]
    assert call.state == "menu"


def test_a_webhook_is_repeated_as_the_setting_says(make_app):
    """With ``rc=2&rp=all`` a failing webhook is repeated twice before the fallback."""
    app = make_app(dev=True, connection_overrides="rc=2&rp=all")
    call = simulator_for_app(FailingApp(app, respond_500, 2)).call([Press("1")])
    assert purposes(call) == ["webhook", "action", "action", "action", "fallback", "redirect"]
    assert APOLOGY in call.heard


def test_the_redirect_of_the_fallback_has_overrides(make_app):
    """The redirect of the fallback is repeated as the setting says."""
    app = make_app(dev=True, connection_overrides="rc=1&rp=5xx")
    call = simulator_for_app(FailingApp(app, respond_500, 2, 4)).call([Press("1")])
    assert purposes(call) == ["webhook", *["action"] * 2, "fallback", *["redirect"] * 2, "fallback", "redirect"]


@pytest.mark.parametrize(
    ("failing", "actions", "requests"),
    [
        (3, [PickUp()], ["screening"] * 2),
        (4, [PickUp(), Press("1", who="callee")], ["screening", *["action"] * 2]),
    ],
    ids=["the whisper", "the key that accepts the call"],
)
def test_a_whisper_has_overrides(make_app, failing, actions, requests):
    """The whisper and its action are repeated as the setting says."""
    whisper = Whisper("A call for sales.", accept="1")
    sales = State(Dial("+15550100"), Routes({}), whisper=whisper, options=MenuOption("3", "sales"))
    app = make_app({"sales": sales}, dev=True, connection_overrides="rc=1&rp=5xx")
    call = simulator_for_app(FailingApp(app, respond_500, failing)).call([Press("3"), *actions])
    assert purposes(call) == ["webhook", "action", *requests, "action"]


@pytest.mark.parametrize(("overrides", "fragment"), [("", ""), ("rc=0", "#rc=0"), ("rc=1&rp=ct", "#rc=1&rp=ct")])
def test_every_address_of_the_tree_has_the_fragment(make_app, overrides, fragment):
    """Each address in a document ends with the connection overrides as fragment; an empty setting leaves it out."""
    app = make_app(connection_overrides=overrides)
    call = WebhookCall(in_process(app), WEBHOOK)
    assert call.dial().root.find("Gather").get("action") == f"webhook{fragment}"
    failed = call.send(f"{WEBHOOK}/fallback", {"ErrorUrl": f"{WEBHOOK}{fragment}"})
    assert failed.root.findtext("Redirect") == f"../webhook?again=1{fragment}"
    failed = call.send(f"{WEBHOOK}/fallback", {"ErrorUrl": f"{WEBHOOK}?again=1{fragment}"})
    assert failed.root.findtext("Redirect") == f"../webhook?again=2{fragment}"
