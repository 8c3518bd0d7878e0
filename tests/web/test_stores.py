"""Webhooks that arrive twice, late or out of order, with every store and on two hosts: one transition for each."""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from tests.web.sample_trees import RecordingPlugin
from tests.web.webhook_calls import TOKEN, VERB_RESULTS, in_process, pressed, sign, twilio_params
from twilio.twiml.voice_response import Record

from ivrkit import HOME, Goto, Routes, State, ask
from ivrkit.web import create_app

pytestmark = pytest.mark.usefixtures("no_store_timeouts")

WEBHOOK = "https://ivr.example.com/webhook"
EMPTY_DOCUMENT = b'<?xml version="1.0" encoding="UTF-8"?><Response />'


def count(call):
    """Say how often 1 was pressed."""
    return ask(f"You are at {call.data.get('at', 0)}.")


def add(call):
    """Count a key that was pressed."""
    call.data["at"] = call.data.get("at", 0) + 1
    return "One more."


def states():
    """Return a tree that counts keys, and takes a message."""
    return {
        "count": State(count, Routes({"1": "add", "2": "message", "3": None})),
        "add": State(add, "count"),
        "message": State(["Speak.", Record()], Routes({"recorded": Goto(HOME, say="Thank you.")})),
    }


class Hosts:
    """Two hosts of one phone tree that share only the store.

    :param session_url: the URL of the store.
    """

    def __init__(self, session_url):
        self.plugins = [RecordingPlugin(states()), RecordingPlugin(states())]
        settings = {
            "dev": True,
            "auth_token": TOKEN,
            "start": "count",
            "block": "acme-states",
            "session_url": session_url,
        }
        self.apps = [create_app(plugins={"tree": plugin}, **settings) for plugin in self.plugins]
        self.senders = [in_process(app) for app in self.apps]

    @property
    def events(self):
        """The events that the observers of both hosts got."""
        return [event for plugin in self.plugins for event in plugin.events]

    def close(self):
        """Close the store."""
        for app in self.apps:
            app.extensions["ivrkit"].sessions.close()


@dataclass
class Request:
    """A request that can be sent several times."""

    hosts: Hosts
    url: str
    body: bytes
    headers: dict[str, str]

    def __call__(self, host):
        """Send the request to a host, 0 or 1, and return the response."""
        return self.hosts.senders[host]("POST", self.url, self.body, self.headers)


class Line:
    """One call that is sent to the hosts request by request.

    :param cookies: whether each request has the cookie of the response before.
    """

    def __init__(self, hosts, *, cookies):
        self.hosts, self.cookies = hosts, cookies
        self.sid, self.cookie, self.host = f"CA{secrets.token_hex(16)}", "", 0
        #: Whether there is no store, only the cookie.
        self.cookie_only = hosts.apps[0].extensions["ivrkit"].sessions.store is None

    def request(self, params=None, status="in-progress", path=""):
        """Return a request of the call that was not sent yet."""
        params = twilio_params(self.sid, status, **(params or {}))
        url = WEBHOOK + path
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(url, params.items()),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            **({"Cookie": self.cookie} if self.cookies and self.cookie else {}),
        }

        return Request(self.hosts, url, urlencode(params).encode(), headers)

    def take_cookie(self, response):
        """Use the cookie of a response for the next request, and return the response."""
        self.cookie = response.headers.get("Set-Cookie", "").partition(";")[0]
        return response

    def send(self, params=None, status="in-progress"):
        """Send a new request to the other host than the last one, and return the response."""
        self.host = 1 - self.host
        return self.take_cookie(self.request(params, status)(self.host))


def stores(*names, cookies):
    """Return test parameters: the name of a store, and whether the call brings its cookie."""
    marks = dict.fromkeys(("redis", "postgresql"), pytest.mark.stores)
    return [
        pytest.param((name, brings), marks=marks.get(name, ()), id=f"{name}, {'a' if brings else 'no'} cookie")
        for name in names
        for brings in cookies
    ]


SHARED = stores("sqlite", "redis", "postgresql", cookies=[True, False])
WITH_COOKIES = stores("sqlite", "redis", "postgresql", "cookie", cookies=[True])
ALL = [*SHARED, *stores("cookie", cookies=[True])]


@pytest.fixture
def line(request, session_url_of):
    """Return a call that has started, on two hosts that share a store."""
    store, cookies = request.param
    hosts = Hosts(session_url_of(store))
    line = Line(hosts, cookies=cookies)
    line.send(status="ringing")
    yield line
    hosts.close()


with_all_stores = pytest.mark.parametrize("line", ALL, indirect=True)
with_shared_stores = pytest.mark.parametrize("line", SHARED, indirect=True)
with_cookies = pytest.mark.parametrize("line", WITH_COOKIES, indirect=True)


def count_of(line):
    """Return the number that the caller hears."""
    heard = line.send(pressed("9")).heard  # an invalid key: the state is entered again
    return int(heard.rpartition("at ")[2].rstrip("."))


@with_all_stores
def test_each_webhook_of_a_call_can_go_to_another_host(line):
    """A call goes on although each of its webhooks is answered by the other host."""
    for number in range(1, 6):
        assert line.send(pressed("1")).heard == f"One more. You are at {number}."


@with_all_stores
def test_a_copy_that_arrives_later_is_not_counted(line):
    """A copy of an answered webhook gets the same bytes on the other host, and makes no second transition."""
    send = line.request(pressed("1"))
    first, copy = send(0), send(1)
    assert first.body == copy.body
    assert line.take_cookie(copy).heard == "One more. You are at 1."
    assert count_of(line) == 1
    assert line.hosts.events.count(("entered", "add")) == (2 if line.cookie_only else 1)


@with_all_stores
def test_copies_at_once(line):
    """Of several copies of a webhook that arrive at the same time, one counts, and all get the same bytes."""
    for number in range(1, 8):
        send, barrier = line.request(pressed("1")), threading.Barrier(4)

        def run(host, send=send, barrier=barrier):
            barrier.wait()
            return send(host)

        with ThreadPoolExecutor(4) as pool:
            responses = list(pool.map(run, (0, 1, 0, 1)))
        assert {response.body for response in responses} == {responses[0].body}
        assert line.take_cookie(responses[-1]).heard == f"One more. You are at {number}."
    assert line.hosts.events.count(("entered", "add")) == (28 if line.cookie_only else 7)


@with_shared_stores
def test_a_copy_that_arrives_much_later_changes_nothing(line):
    """A copy that arrives after later webhooks, with its old cookie, gets the current state and changes nothing."""
    late = line.request(pressed("1"))
    line.take_cookie(late(0))
    for _ in range(3):
        line.send(pressed("1"))
    for host in (0, 1):
        assert late(host).status == 200
        assert "You are at " in late(host).heard
    assert count_of(line) == 4


@with_cookies
def test_a_copy_with_a_newer_cookie_changes_nothing(line):
    """A copy with a later cookie is recognized by its token, and gets its old answer or the current state."""
    answered = line.request(pressed("1"))
    line.take_cookie(answered(0))
    line.send(pressed("1"))
    answered.headers["Cookie"] = line.cookie
    assert answered(1).heard in ("One more. You are at 1.", "You are at 2.")
    assert count_of(line) == 2


@with_all_stores
def test_the_final_status_can_arrive_before_the_last_webhook(line):
    """If the end of the call arrives before the caller's recording, the recording gets an empty document."""
    line.send(pressed("2"))
    status = line.request({"CallDuration": "5"}, status="completed", path="/status")
    assert status(0).status == 204
    action = line.request(VERB_RESULTS["Record", "recorded"], status="completed")
    assert action(1).body == EMPTY_DOCUMENT


@with_all_stores
def test_copies_after_the_end_do_not_start_a_new_call(line):
    """Copies of all webhooks of an ended call start no new call."""
    requests = [line.request(pressed("1"))]
    line.take_cookie(requests[0](0))
    requests.append(line.request(pressed("3")))
    assert b"Hangup" in line.take_cookie(requests[1](1)).body
    if line.cookies:
        late = line.request(pressed("1"))
        assert late(0).body == EMPTY_DOCUMENT
    for send in requests:
        send(0)
    assert line.hosts.events.count(("started",)) == 1
