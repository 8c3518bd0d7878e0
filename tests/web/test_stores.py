"""What Twilio sends twice, late or out of order, on every store and two hosts: answered right, one transition."""

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

WEBHOOK = "https://ivr.example.com/webhook"
NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'


def count(call):
    """Say how often 1 was pressed."""
    return ask(f"You are at {call.data.get('at', 0)}.")


def add(call):
    """Count a key that was pressed."""
    call.data["at"] = call.data.get("at", 0) + 1
    return "One more."


def states():
    """Return a tree that counts, and takes a message."""
    return {
        "count": State(count, Routes({"1": "add", "2": "message", "3": None})),
        "add": State(add, "count"),
        "message": State(["Speak.", Record()], Routes({"recorded": Goto(HOME, say="Thank you.")})),
    }


class Hosts:
    """Two hosts of one tree, which share nothing but the store."""

    def __init__(self, address):
        self.watchers = [RecordingPlugin(states()), RecordingPlugin(states())]
        given = {"dev": True, "auth_token": TOKEN, "start": "count", "block": "acme-states", "session_url": address}
        self.apps = [create_app(plugins={"tree": each}, **given) for each in self.watchers]
        self.sends = [in_process(app) for app in self.apps]

    @property
    def told(self):
        """What the observers of both were told."""
        return [each for watcher in self.watchers for each in watcher.events]

    def close(self):
        """Let go of the store."""
        for app in self.apps:
            app.extensions["ivrkit"].sessions.close()


@dataclass
class Request:
    """One request, which may be sent more than once."""

    hosts: Hosts
    url: str
    body: bytes
    headers: dict[str, str]

    def __call__(self, host):
        """Send it to a host."""
        return self.hosts.sends[host]("POST", self.url, self.body, self.headers)


class Line:
    """One call, request by request.

    :param cookies: whether the caller's cookie comes back.
    """

    def __init__(self, hosts, *, cookies):
        self.hosts, self.cookies = hosts, cookies
        self.sid, self.cookie, self.host = f"CA{secrets.token_hex(16)}", "", 0
        #: Whether there is nothing but the cookie.
        self.alone = hosts.apps[0].extensions["ivrkit"].sessions.store is None

    def request(self, params=None, status="in-progress", path=""):
        """Return one request, to be sent as often as it is called: the number of the host."""
        given = twilio_params(self.sid, status, **(params or {}))
        url = WEBHOOK + path
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(url, given.items()),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            **({"Cookie": self.cookie} if self.cookies and self.cookie else {}),
        }

        return Request(self.hosts, url, urlencode(given).encode(), headers)

    def take(self, answer):
        """Take the cookie of an answer."""
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer

    def ask(self, params=None, status="in-progress"):
        """Send a request to one host, and the next to the other."""
        self.host = 1 - self.host
        return self.take(self.request(params, status)(self.host))


def kept_in(*kinds, cookies):
    """Return what a call is kept in: a kind of store, and whether its cookie comes back."""
    marks = dict.fromkeys(("redis", "postgresql"), pytest.mark.stores)
    return [
        pytest.param((kind, brings), marks=marks.get(kind, ()), id=f"{kind}, {'a' if brings else 'no'} cookie")
        for kind in kinds
        for brings in cookies
    ]


SHARED = kept_in("sqlite", "redis", "postgresql", cookies=[True, False])
WITH_COOKIES = kept_in("sqlite", "redis", "postgresql", "cookie", cookies=[True])
ALL = [*SHARED, *kept_in("cookie", cookies=[True])]


@pytest.fixture
def line(request, address_of):
    """A call that has begun, at two hosts that share a store."""
    kind, cookies = request.param
    hosts = Hosts(address_of(kind))
    made = Line(hosts, cookies=cookies)
    made.ask(status="ringing")
    yield made
    hosts.close()


in_all = pytest.mark.parametrize("line", ALL, indirect=True)
in_shared = pytest.mark.parametrize("line", SHARED, indirect=True)
with_cookies = pytest.mark.parametrize("line", WITH_COOKIES, indirect=True)


def at(line):
    """Return the number that the caller is at."""
    heard = line.ask(pressed("9")).heard  # a wrong key: the state is read again
    return int(heard.rpartition("at ")[2].rstrip("."))


@in_all
def test_a_call_goes_on_at_any_host(line):
    """Each webhook of it is answered by another."""
    for number in range(1, 6):
        assert line.ask(pressed("1")).heard == f"One more. You are at {number}."


@in_all
def test_a_copy_that_comes_after(line):
    """At the other host: the same bytes, and no second transition."""
    send = line.request(pressed("1"))
    first, again = send(0), send(1)
    assert first.body == again.body
    assert line.take(again).heard == "One more. You are at 1."
    assert at(line) == 1
    assert line.hosts.told.count(("entered", "add")) == (2 if line.alone else 1)


@in_all
def test_copies_at_once(line):
    """At both hosts: one counts, and both say the same."""
    for number in range(1, 8):
        send, together = line.request(pressed("1")), threading.Barrier(4)

        def run(host, send=send, together=together):
            together.wait()
            return send(host)

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(run, (0, 1, 0, 1)))
        assert {each.body for each in answers} == {answers[0].body}
        assert line.take(answers[-1]).heard == f"One more. You are at {number}."
    assert line.hosts.told.count(("entered", "add")) == (28 if line.alone else 7)


@in_shared
def test_a_webhook_that_was_answered_long_ago(line):
    """It comes again, late, with the cookie that it had: what is answered moves nothing."""
    late = line.request(pressed("1"))
    line.take(late(0))
    for _ in range(3):
        line.ask(pressed("1"))
    for host in (0, 1):
        assert late(host).status == 200
        assert "You are at " in late(host).heard
    assert at(line) == 4


@with_cookies
def test_a_replay_with_a_newer_cookie(line):
    """A token that was answered is known, whatever else comes with it: its answer, or where the call is now."""
    answered = line.request(pressed("1"))
    line.take(answered(0))
    line.ask(pressed("1"))
    answered.headers["Cookie"] = line.cookie
    assert answered(1).heard in ("One more. You are at 1.", "You are at 2.")
    assert at(line) == 2


@in_all
def test_a_status_before_the_last_action(line):
    """The end is told first, and then what the caller left: it is kept, and answered with nothing."""
    line.ask(pressed("2"))
    status = line.request({"CallDuration": "5"}, status="completed", path="/status")
    assert status(0).status == 204
    action = line.request(VERB_RESULTS["Record", "recorded"], status="completed")
    assert action(1).body == NOTHING


@in_all
def test_a_replay_of_a_finished_call(line):
    """All of it, once more: nothing begins anew."""
    sends = [line.request(pressed("1"))]
    line.take(sends[0](0))
    sends.append(line.request(pressed("3")))
    assert b"Hangup" in line.take(sends[1](1)).body
    if line.cookies:
        late = line.request(pressed("1"))
        assert late(0).body == NOTHING
    for send in sends:
        send(0)
    assert line.hosts.told.count(("started",)) == 1
