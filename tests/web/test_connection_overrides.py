"""Connection overrides: how often Twilio asks again for what failed, and what the addresses in a document say of it.

The simulator does with them what Twilio's page says:
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


class Failing:
    """What stands in front of an app and fails for some of the webhooks, their repetitions included.

    :param app: the app.
    :param fail: gives the answer in its place.
    :param at: which webhooks they are, from 1; copies with one idempotency token are one.
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


def broken(environ, start_response):
    """Answer as a server does whose worker is gone."""
    start_response("500 Internal Server Error", [("Content-Type", "text/html")])
    return [b"<h1>Internal Server Error</h1>"]


def gone(environ, start_response):
    """Let go of the connection without an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("the worker is gone")


def asked(call):
    """Return what each request of a call was for."""
    return [each.purpose for each in call.events if isinstance(each, Requested)]


def test_a_webhook_that_fails_is_not_asked_again(make_app):
    """What took a worker down is not given to the next one: the fallback is asked at once, and the call goes on."""
    call = simulator_for_app(Failing(make_app(dev=True), broken, 2)).call([Press("1")])
    assert asked(call) == ["webhook", "action", "fallback", "redirect"]
    assert APOLOGY in call.heard
    assert call.state == "menu"


def test_a_connection_that_is_taken_down_is_not_asked_again(make_app):
    """Over HTTP, where a worker that dies lets go of the connection."""
    app = make_app(dev=True)
    with serving(Failing(app, gone, 2), sessions_of(app)) as base:
        call = simulator_for_url(f"{base}/webhook").call([Press("1")])
    assert asked(call) == ["webhook", "action", "fallback", "redirect"]
    assert call.state == "menu"


def test_a_webhook_is_asked_again_where_the_setting_says_so(make_app):
    """Twice more, and then the fallback."""
    app = make_app(dev=True, connection_overrides="rc=2&rp=all")
    call = simulator_for_app(Failing(app, broken, 2)).call([Press("1")])
    assert asked(call) == ["webhook", "action", "action", "action", "fallback", "redirect"]
    assert APOLOGY in call.heard


def test_the_way_back_from_the_fallback_has_them_too(make_app):
    """A redirection is an address of the tree like any other."""
    app = make_app(dev=True, connection_overrides="rc=1&rp=5xx")
    call = simulator_for_app(Failing(app, broken, 2, 4)).call([Press("1")])
    assert asked(call) == ["webhook", *["action"] * 2, "fallback", *["redirect"] * 2, "fallback", "redirect"]


@pytest.mark.parametrize(
    ("failing", "done", "requests"),
    [
        (3, [PickUp()], ["screening"] * 2),
        (4, [PickUp(), Press("1", who="callee")], ["screening", *["action"] * 2]),
    ],
    ids=["what is whispered", "the key that takes the call"],
)
def test_a_whisper_has_them_too(make_app, failing, done, requests):
    """What is whispered has an address of the tree, and so has the key that takes the call."""
    whisper = Whisper("A call for sales.", accept="1")
    sales = State(Dial("+15550100"), Routes({}), whisper=whisper, options=MenuOption("3", "sales"))
    app = make_app({"sales": sales}, dev=True, connection_overrides="rc=1&rp=5xx")
    call = simulator_for_app(Failing(app, broken, failing)).call([Press("3"), *done])
    assert asked(call) == ["webhook", "action", *requests, "action"]


@pytest.mark.parametrize(("overrides", "fragment"), [("", ""), ("rc=0", "#rc=0"), ("rc=1&rp=ct", "#rc=1&rp=ct")])
def test_every_address_of_the_tree_has_the_fragment(make_app, overrides, fragment):
    """That of a waiting verb, and those of both redirections, after the query; an empty setting leaves them bare."""
    app = make_app(connection_overrides=overrides)
    call = WebhookCall(in_process(app), WEBHOOK)
    assert call.dial().root.find("Gather").get("action") == f"webhook{fragment}"
    failed = call.send(f"{WEBHOOK}/fallback", {"ErrorUrl": f"{WEBHOOK}{fragment}"})
    assert failed.root.findtext("Redirect") == f"../webhook?again=1{fragment}"
    failed = call.send(f"{WEBHOOK}/fallback", {"ErrorUrl": f"{WEBHOOK}?again=1{fragment}"})
    assert failed.root.findtext("Redirect") == f"../webhook?again=2{fragment}"
