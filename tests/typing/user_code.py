# Checked by mypy --strict, never run: the code of a team, as its authors would write it.

import dataclasses
import logging
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from flask import Flask
from twilio.twiml.voice_response import Dial, Enqueue, Gather, Play, Record, Say, Start

from ivrkit import (
    BACK,
    HOME,
    SAME,
    Call,
    CallFlow,
    Edge,
    Event,
    Goto,
    IvrkitError,
    LoadError,
    Menu,
    MenuOption,
    Owner,
    Routes,
    Session,
    SessionError,
    Settings,
    State,
    Target,
    Text,
    Texts,
    Turn,
    advance,
    ask,
    compile_flow,
    edges,
    hookimpl,
    leads_to,
)
from ivrkit import simulator as sim
from ivrkit.sessions import SharedStore, SQLiteStore, StoredSession
from ivrkit.testing import Phone, make_app
from ivrkit.web import Ivrkit, JsonFormatter, create_app, create_server_app

log = logging.getLogger("shop")

# States without functions.

closed = State("We are closed. Goodbye.")
welcome = State(enter=Say("Welcome.", voice="Polly.Joanna"), exit="menu")
jingle = State(enter=[Play("https://example.com/jingle.mp3"), "One moment."], exit=HOME)
tuple_of_texts = State(enter=("One.", "Two."), exit=None)
translated = State(enter=Text("closed"), exit=Goto(None, say="Bye."))
sorry = State(enter="That choice is not valid.", exit=BACK)

menu = State(
    enter=Menu("Welcome to the shop.", Play("https://example.com/jingle.mp3"), repeat=None),
    exit=Routes({"*": BACK, "no-input": SAME}, otherwise=SAME, tries=2, give_up="reception"),
)
sub_menu = State(Menu(), options=MenuOption(key="4", label="more", phrases=("more", "others")))

sales = State(
    enter=["Please leave a message.", Record(max_length=120)],
    exit=Routes({"recorded": Goto(None, say=["Thank you.", Say("Goodbye.")])}),
    options=[
        MenuOption(key="1", label="sales"),
        MenuOption(key="2", label="sales", menu="more", sentence="For sales, press two."),
    ],
    on_error="reception",
)
support = State(
    enter=[Enqueue("support")],
    exit=Routes({"bridged": None, "leave": HOME, "hangup": None}, otherwise=Goto(HOME, say="All lines are taken.")),
    options=(MenuOption(key="3", label="support"),),
)
reception = State(
    enter=Dial("+15550100", timeout=20), exit=Routes({"busy": HOME}), options=MenuOption("0", "reception")
)


# States with functions.


def read_balance(call: Call) -> Gather:
    visits: int = call.data.get("visits", 0)
    call.data["visits"] = visits + 1
    evening = call.now.hour >= 18
    return ask(f"Good {'evening' if evening else 'day'}, {call.caller_name or call.from_}.", "Press one.", timeout=8)


balance = State(read_balance, Routes({"1": SAME}, otherwise=HOME))


def texts_or_verbs(call: Call) -> list[str | Say]:
    return ["You said", Say(call.speech)]


spoken = State(texts_or_verbs, exit=HOME)
plain_text = State(lambda call: f"You pressed {call.digits}.", exit=HOME)
chosen_menu = State(lambda call: Menu("Good evening.") if call.now.hour > 18 else Menu())


@leads_to("sales", SAME, HOME, None, tries=4, give_up="reception")
def check_pin(call: Call) -> str | None:
    if call.confidence is not None and call.confidence < 0.5:
        return None
    return "sales" if call.digits == "1234" else None


@leads_to(SAME, "sales")
def ask_again(call: Call) -> Goto:
    return Goto("sales") if call.outcome == "1" else Goto(SAME, say="Once more.")


@leads_to("sales", SAME, BACK, None)
def any_target(call: Call) -> Target:
    if call.digits == "1":
        return "sales"
    if call.digits == "2":
        return Goto(BACK, say="Back.")
    return SAME if call.digits == "3" else None


pin = State(ask("Please enter your code.", finish_on_key="#"), check_pin, secret=True)
again = State(ask("Press one."), ask_again)
anywhere = State(ask("Press a key."), any_target, options=MenuOption("5", sentence="To go anywhere, press five."))


def greeting(settings: Settings) -> State:
    return State(f"Thank you for calling {settings.company}.", "menu")


# A plugin.


class Observer:
    """A plugin that implements every hook, each with some of its arguments."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    @hookimpl
    def ivrkit_register_states(self, settings: Settings) -> Mapping[str, State | Callable[[Settings], State]]:
        return {"mailbox": sales, "hello": greeting} if settings.dev else {"mailbox": sales}

    @hookimpl
    def ivrkit_edit_state(self, state: State) -> State | None:
        if state.name == "support":
            return dataclasses.replace(state, on_error="reception")
        return None

    @hookimpl
    def ivrkit_edit_response(self, call: Call, state: State, response: Element) -> None:
        start = Start()
        start.stream(url=f"wss://listen.example.com/{call.sid}/{state.name}")
        response.insert(0, start.xml())

    @hookimpl(tryfirst=True)
    def ivrkit_state_failed(self, call: Call, state: State, error: BaseException) -> str | None:
        return "reception" if state.owner.plugin == "acme-states" and not isinstance(error, SystemExit) else None

    @hookimpl
    def ivrkit_call_started(self, call: Call) -> None:
        self.seen[call.sid] = 0

    @hookimpl
    def ivrkit_state_entered(self, call: Call, state: State) -> None:
        self.seen[call.sid] += 1

    @hookimpl
    def ivrkit_state_left(self, call: Call, state: State, outcome: str | None) -> None:
        log.info("%s left %s: %s", call.turn_key, state.name, outcome or "-")

    @hookimpl
    def ivrkit_recorded(self, call: Call, state: State | None, url: str, sid: str, duration: int) -> None:
        minutes: float = duration / 60
        log.info("%s: %s of %.1f minutes since %s", sid, url, minutes, call.started.isoformat())
        states: list[str] = [name for name, outcome in call.path if outcome != "no-input"]
        assert state is None or state.name in states

    @hookimpl
    def ivrkit_call_ended(self, call: Call, reason: str) -> None:
        log.info("%s ended: %s", call.sid, reason)


# A session store of the team. It inherits from no class of ivrkit.


class MemoryStore:
    remote = False

    def __init__(self) -> None:
        self._sessions: dict[str, StoredSession] = {}

    def load(self, sid: str) -> StoredSession | None:
        return self._sessions.get(sid)

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        before = self.load(session.sid)
        if before is not None and before.turn > expected_turn:
            return before == session
        self._sessions[session.sid] = session
        return True

    def remove_expired(self, now: float) -> int:
        gone = [sid for sid, session in self._sessions.items() if session.expires < now]
        for sid in gone:
            del self._sessions[sid]
        return len(gone)

    def close(self) -> None:
        self._sessions.clear()


stores: list[SharedStore] = [MemoryStore(), SQLiteStore("calls.sqlite3")]


@hookimpl
def ivrkit_register_stores() -> Mapping[str, Callable[[str], SharedStore]]:
    return {"memory": lambda url: MemoryStore()}


# The host, and the call flow without a host.


def make() -> Flask:
    try:
        return create_app(plugins={"shop": Observer()}, company="Shop", block=("acme-states",), auth_token=("a", "b"))
    except LoadError as error:
        for problem in error.problems:
            log.error("%s %s %s %s", problem.owner, problem.state or "", problem.message, problem.hint)
        raise
    except SessionError as error:
        raise sqlite3.OperationalError(error.message) from error
    except IvrkitError as error:
        raise SystemExit(str(error)) from error


def app_with_settings() -> Flask:
    return create_app(Settings(company="Shop", texts=Texts(goodbye="Bye."), auth_token=("12345",), dev=True))


tree = Ivrkit(name="sales", plugins={"observer": Observer()}, config_prefix="SALES_", company="Shop", tries=2)


def app_of_a_team() -> Flask:
    app = Flask("team")
    tree.init_app(app)
    Ivrkit(app, name="support", settings=Settings(dev=True, url_prefix="/support", log_format="json"))
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    return app


factories: list[Callable[[], Flask]] = [make, app_of_a_team, create_server_app]


def walk() -> list[str]:
    named = dataclasses.replace(welcome, name="welcome", owner=Owner("shop", "1.0"))
    flow: CallFlow = compile_flow([named])
    found: list[Edge] = list(edges(flow))
    session = Session("CA1", language="en-US")
    call = Call(
        sid="CA1",
        from_="+15005550006",
        to="+15005550001",
        status="ringing",
        account_sid="",
        direction="inbound",
        forwarded_from="",
        caller_name="",
        digits="",
        speech="",
        confidence=None,
        params={},
        now=datetime.now(UTC),
        started=datetime.now(UTC),
        language="en-US",
        turn_key="CA1:1",
    )
    turn: Turn = advance(flow, call, session)
    events: tuple[Event, ...] = turn.events
    return [edge.state for edge in found] + [event.name for event in events] + [turn.twiml.decode()]


# Tests of the team, and calls to a webhook that is not from ivrkit.


def call_it(phone: Phone) -> tuple[str, list[str], bool]:
    call: sim.SimulatedCall = phone.call(from_="+15550100").press("3").press("1", after=0.5)
    call.stays_silent().says("sales", confidence=None)
    call.callee.is_busy()
    phone.queue("support").size = 1000
    return call.heard, call.path, call.ended is not None and call.ended.reason == "hangup"


def play_a_table() -> list[str]:
    documents: dict[str, sim.TableEntry] = {"/": "<Response/>", "/slow": sim.Response(took=20.0)}
    number = sim.Simulator.for_documents(documents, assumptions=sim.Assumptions(cookies=False), max_documents=5)
    script: list[sim.Action] = [sim.Press("1"), sim.Silence(), sim.HangUp(after=2)]
    examination: sim.Examination = sim.examine(number, depth=1, max_calls=20)
    problems: list[sim.CallProblem] = examination.problems
    events: tuple[sim.Event, ...] = number.call(script, patience=60.0).events
    return [each.name for each in problems] + [event.name for event in events]


def phone_to(folder: Path) -> Phone:
    return Phone(make_app(folder, plugins=["shop-states"], company="Shop"))


# Settings of a plugin, texts in the language of the call, and the start of a call.


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShopSettings:
    number: str
    ring_seconds: int = 20
    levels: tuple[str, ...] = ()
    token: str = dataclasses.field(default="", repr=False)


def parking(core: Settings, settings: ShopSettings) -> State:
    return State(
        [
            Text("{company} has {count} levels.", company=core.company, count=len(settings.levels)),
            Dial(settings.number),
        ],
        Routes({"busy": Goto(HOME, say=Text("Busy.")), "answered": Goto("menu", language="es-MX")}),
        options=MenuOption("4", Text("parking"), (Text("parking"),)),
        voice="Polly.Mia",
        language="es-MX",
    )


class Crm:
    def __init__(self, settings: ShopSettings) -> None:
        self.token = settings.token

    @hookimpl
    def ivrkit_declare_settings(self) -> type:
        return ShopSettings

    @hookimpl
    def ivrkit_choose_start(self, call: Call) -> str | Goto | None:
        return Goto("greeting", language="es-MX") if call.from_.startswith("+52") else None
