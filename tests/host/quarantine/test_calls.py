"""The quarantine in calls: what callers hear, on hosts that share a session store."""

from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask
from tests.web.sample_trees import TreePlugin
from tests.web.webhook_calls import TOKEN, WebhookCall, in_process

from ivrkit import HOME, MenuOption, State, ask, hookimpl, leads_to
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.web import Ivrkit, create_app

APOLOGY = "We are sorry, something went wrong."
UNAVAILABLE = "Sorry, that is not available at the moment."
CLOSED_MENU = "For the gate, press two. For help, press five. To hear this again, press nine."
OPEN_MENU = f"For the desk, press one. {CLOSED_MENU}"
WEBHOOK = "https://ivr.example.com/webhook"


class Tree(TreePlugin):
    """A phone tree with states that fail until ``works`` is true.

    The desk fails in its enter function and leads to help; the gate fails in its exit function.
    """

    def __init__(self):
        self.works = False
        self.runs, self.events = 0, []
        super().__init__(
            {
                "desk": State(self.run, HOME, options=MenuOption("1", "the desk"), on_error="help"),
                "gate": State(ask("Code?"), leads_to(HOME)(self.run_exit), options=MenuOption("2", "the gate")),
                "help": State(ask("Help."), options=MenuOption("5", "help")),
            }
        )

    def run(self, call):
        """Say something, or fail."""
        self.runs += 1
        if not self.works:
            raise ValueError("the database is down")
        return "It works."

    def run_exit(self, call):
        """Lead home, or fail."""
        self.run(call)
        return HOME

    @hookimpl
    def ivrkit_state_quarantined(self, state, reason):
        """Record the event."""
        self.events.append((state.name, reason))

    @hookimpl
    def ivrkit_state_released(self, state):
        """Record the event."""
        self.events.append((state.name, None))


class Host:
    """A host of the tree.

    :param url: the URL of the session store, which hosts share.
    :param start: the state in which calls start.
    """

    def __init__(self, url, start="menu"):
        self.tree = Tree()
        settings = {"dev": True, "auth_token": TOKEN, "block": "acme-states", "start": start, "session_url": url}
        self.app = create_app(plugins={"tree": self.tree}, **settings, quarantine_failures=3)

    def heard(self, *keys):
        """Make a call, press keys, and return what the caller hears at the end."""
        call = WebhookCall(in_process(self.app), WEBHOOK)
        answer = call.dial()
        for key in keys:
            answer = call.press(key)
        return answer.heard

    @property
    def health(self):
        """The states in quarantine, as the health check names them."""
        return self.app.test_client().get("/healthz").json["quarantine"]

    def close(self):
        """Close the store."""
        self.app.extensions["ivrkit"].sessions.close()


@pytest.fixture
def clock():
    """Stop the clock in 2033, and return it."""
    with time_machine.travel(2_000_000_000, tick=False) as clock:
        yield clock


@pytest.fixture
def make_host(tmp_path):
    """Return a function that makes a host."""
    hosts = []

    def make(url=f"sqlite:///{tmp_path}/calls.sqlite3", **arguments):
        hosts.append(Host(url, **arguments))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


def test_a_failing_state_is_skipped_and_tried_again(make_host, clock):
    """The whole life of a quarantine: failures, menus without the option, a trial that fails, a trial that succeeds."""
    host = make_host()
    assert [host.heard("1") for _ in range(3)] == [f"{APOLOGY} Help."] * 3
    assert host.health == {"desk": "3 failures in 60 s"}
    assert host.heard() == CLOSED_MENU
    assert host.heard("1") == f"{UNAVAILABLE} Help."
    clock.shift(60)
    assert host.heard() == OPEN_MENU
    assert host.heard("1") == f"{APOLOGY} Help."
    assert (host.heard(), host.tree.runs) == (CLOSED_MENU, 4)
    clock.shift(60)
    host.tree.works = True
    assert host.heard("1") == f"It works. {OPEN_MENU}"
    assert host.health == {}
    assert host.tree.events == [("desk", "3 failures in 60 s"), ("desk", None)]


def test_a_failing_exit_function(make_host, clock):
    """A caller who waits in a state when it is closed hears the apology, and its exit function is not called."""
    host = make_host()
    waiting = WebhookCall(in_process(host.app), WEBHOOK)
    waiting.dial()
    waiting.press("2")
    assert [host.heard("2", "7") for _ in range(3)] == [f"{APOLOGY} {OPEN_MENU}"] * 3
    assert waiting.press("7").heard.startswith(APOLOGY)
    assert host.tree.runs == 3
    assert host.heard("2").startswith(UNAVAILABLE)
    clock.shift(60)
    host.tree.works = True
    assert host.heard("2", "7") == OPEN_MENU
    assert host.tree.events == [("gate", "3 failures in 60 s"), ("gate", None)]


def test_a_loss_of_the_store_costs_no_call(make_host, clock, tmp_path):
    """If the session file cannot be used, calls are answered, and each process has a quarantine of its own."""
    host = make_host(start="desk")
    host.close()
    for file in tmp_path.glob("calls.sqlite3*"):
        file.unlink()
    (tmp_path / "calls.sqlite3").mkdir()
    assert [host.heard() for _ in range(3)] == [f"{APOLOGY} Help."] * 3
    assert host.heard() == "Help."
    assert host.health == {"desk": "3 failures in 60 s"}


@pytest.mark.parametrize(
    "store",
    ["sqlite", pytest.param("redis", marks=pytest.mark.stores), pytest.param("postgresql", marks=pytest.mark.stores)],
)
@pytest.mark.usefixtures("no_store_timeouts")
def test_two_hosts_share_the_quarantine(make_host, clock, session_url_of, store):
    """Failures on two hosts close the state on both, and a success on one host opens it on both."""
    url = session_url_of(store)
    one, two = make_host(url), make_host(url)
    for host in (one, two, one):
        assert host.heard("1") == f"{APOLOGY} Help."
    clock.shift(1)
    assert two.heard("1") == f"{UNAVAILABLE} Help."
    assert (one.tree.runs, two.tree.runs) == (2, 1)
    clock.shift(60)
    two.tree.works = True
    assert two.heard("1") == f"It works. {OPEN_MENU}"
    clock.shift(1)
    one.tree.works = True
    assert one.heard("1") == f"It works. {OPEN_MENU}"
    assert one.tree.events == [("desk", "3 failures in 60 s")]
    assert two.tree.events == [("desk", None)]


def test_the_trees_of_an_app_have_a_quarantine_each(tmp_path, clock):
    """Two phone trees with the same store and the same names of states do not close each other's states."""
    app = Flask("two")
    for name in ("sales", "help"):
        Ivrkit(
            app,
            name=name,
            plugins={"tree": Tree()},
            url_prefix=f"/{name}",
            dev=True,
            auth_token=TOKEN,
            block=["acme-states"],
            start="desk",
            session_url=f"sqlite:///{tmp_path}/calls.sqlite3",
            quarantine_failures=1,
        )
    heard = [
        WebhookCall(in_process(app), f"https://ivr.example.com/{name}/webhook").dial().heard
        for name in ("sales", "sales", "help")
    ]
    assert heard == [f"{APOLOGY} Help.", "Help.", f"{APOLOGY} Help."]
    for name in ("sales", "help"):
        app.extensions[name].sessions.close()


def test_a_dispatcher_needs_no_quarantine(make_host):
    """A dispatcher without a quarantine never closes a state."""
    tree = make_host().app.extensions["ivrkit"]
    dispatcher = Dispatcher(tree.loaded.flow, tree.sessions, {}, lambda: datetime.now(UTC), 25)
    assert dispatcher.entries_in_quarantine() == {}
