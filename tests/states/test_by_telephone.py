"""The ready-made kinds in a tree without code, by telephone, in the language of the core's own catalogue."""

import textwrap

import pytest

from ivrkit import hookimpl
from ivrkit.simulator.actions import CALLEE

TREE = """
    company = "Acme"
    start = "account"
    language = "es-MX"
    numbers = { "+15550199" = { start = "menu" } }

    [states.account]
    kind = "question"
    text = "¿Cuál es su número de cuenta?"
    digits = "3-6"
    least = 100
    keep = "account"
    confirm = true
    then = "desk"
    give_up = "mailbox"
    tries = 2

    [states.account.texts]
    "You have entered {digits}." = "Marcó {digits}."

    [states.desk]
    kind = "transfer"
    numbers = ["+15550100", "+15550101"]
    whisper = "Una llamada."
    accept = "1"
    routes = { declined = "mailbox", no-answer = "sure" }

    [states.sure]
    kind = "question"
    text = "¿Quiere esperar?"
    yes = "line"
    no = "HANG UP"

    [states.line]
    kind = "queue"
    name = "help"
    routes = { queue-full = { to = "mailbox", say = "Hay demasiadas personas." } }

    [states.mailbox]
    kind = "voicemail"
    max_length = 60

    [states.news]
    kind = "message"
    text = "Nada nuevo."
    repeat = "12"
    key = "3"
    label = "las noticias"
    """
ASKED = "¿Cuál es su número de cuenta?"


@pytest.fixture
def phone(make_phone, tmp_path):
    """Give a phone to the tree."""
    (tmp_path / "ivrkit.toml").write_text(textwrap.dedent(TREE), encoding="utf-8")
    return make_phone(plugins=[], settings_from=tmp_path)


def lines(call):
    """Return what the caller heard last, a sentence each."""
    return call.heard_last.splitlines()


def heard_by_callee(call):
    """Return what was said to whoever was dialled."""
    return [each.text for each in call.events if getattr(each, "who", None) == CALLEE and hasattr(each, "text")]


def connected(phone):
    """Call, and let the telephones of the desk ring."""
    return phone.call().press("4711#").press("1")


def test_the_whole_way_to_somebody(phone):
    """Digits, their confirmation in the words of the table, a whisper in the caller's language, and both talk."""
    call = phone.call()
    assert lines(call) == [ASKED]
    call.press("47#")
    assert lines(call) == ["Lo sentimos, eso no puede ser.", ASKED]
    call.press("4711#")
    assert lines(call) == ["Marcó 4 7 1 1.", "Si es correcto, marque uno. Para marcarlo de nuevo, marque dos."]
    call.press("1")
    assert lines(call) == ["Un momento, por favor."]
    assert call.waiting.numbers == ("+15550100", "+15550101")
    call.callee_at("+15550101").answers()
    assert heard_by_callee(call) == ["Una llamada.", "Para aceptar la llamada, marque uno."]
    call.callee.press("1")
    call.callee.hangs_up(after=20)
    assert (call.ended.reason, call.warnings) == ("hangup", [])


def test_who_does_not_take_it_leaves_the_caller_a_mailbox(phone):
    """A wrong key is no acceptance; the recording is thanked for, and the call ends."""
    call = connected(phone)
    call.callee_at("+15550101").answers()
    call.callee.press("2")
    call.callee.press("3")
    assert lines(call) == ["Deje su mensaje después del tono, por favor."]
    call.says("Llámeme, por favor.")
    call.press("#")
    assert lines(call) == ["Gracias. Hemos recibido su mensaje."]
    assert call.warnings == []


def test_nobody_answers_and_the_caller_waits(phone):
    """A question for yes or no, whose keys are named; the queue takes the caller."""
    call = connected(phone)
    call.callee.does_not_answer()
    assert lines(call) == ["¿Quiere esperar?", "Para sí, marque uno. Para no, marque dos."]
    call.press("1")
    assert lines(call)[0] == "No cuelgue, por favor."
    call.agent.answers()
    call.agent.hangs_up(after=5)
    assert lines(call)[-1] == "Adiós."


def test_a_queue_that_is_full(phone):
    """The row of the table is gone to, with its words."""
    phone.queue("help").size = 1000
    call = connected(phone)
    call.callee.does_not_answer()
    call.press("1")
    assert lines(call)[-2:] == ["Hay demasiadas personas.", "Deje su mensaje después del tono, por favor."]


def test_a_caller_who_does_not_want_to_wait(phone):
    """``HANG UP`` is the goodbye."""
    call = connected(phone)
    call.callee.does_not_answer()
    call.press("2")
    assert (lines(call), call.ended.status) == (["Adiós."], "completed")


def test_a_caller_who_says_nothing_and_one_who_presses_something_else(phone):
    """Each has a count of its own, and gives up with the second; the key that ends digits is silence."""
    call = phone.call().stays_silent()
    assert lines(call) == [ASKED]
    call.press("99#")
    assert lines(call)[0] == "Lo sentimos, eso no puede ser."
    call.press("#")
    assert lines(call) == ["Deje su mensaje después del tono, por favor."]
    assert lines(phone.call().press("*#").press("1*1#")) == ["Deje su mensaje después del tono, por favor."]


def test_a_caller_who_speaks_at_a_question_for_digits(phone):
    """Nobody listens, so it is silence."""
    assert lines(phone.call().says("Cuatro siete once.").stays_silent()) == [ASKED]


def test_a_message_is_heard_again_by_a_key_of_several(phone):
    """The key is named key by key; its first alone goes on, as any other does, when nothing follows."""
    call = phone.call(to="+15550199")
    assert lines(call) == ["Para las noticias, marque tres.", "Para escuchar esto otra vez, marque nueve."]
    said = ["Nada nuevo.", "Para escuchar esto otra vez, marque uno dos."]
    assert lines(call.press("3")) == said
    assert lines(call.press("12")) == said
    assert lines(call.press("1"))[0] == "Para las noticias, marque tres."


def test_a_secret_is_in_nothing_that_the_host_keeps_or_tells(make_phone, tmp_path, caplog):
    """Neither in its log, its hooks, its answers nor the file of its sessions; a check sees it."""
    seen, told = [], []

    class Pin:
        """A plugin that asks for a PIN, and watches all that it can."""

        @hookimpl
        def ivrkit_register_states(self):
            """Offer the question."""
            from ivrkit import states

            def check(call):
                seen.append(call.digits)
                return call.digits == "8264"

            return {"pin": states.question("PIN?", digits=4, check=check, secret=True, then=None)}

        @hookimpl
        def ivrkit_state_entered(self, call, state):
            """Keep what is told."""
            told.append(repr(call))

        @hookimpl
        def ivrkit_state_left(self, call, state, outcome):
            """Keep what is told."""
            told.append(repr(call) + repr(outcome))

        @hookimpl
        def ivrkit_call_ended(self, call, reason):
            """Keep what is told."""
            told.append(repr(call))

    phone = make_phone(plugins=[], objects={"pin": Pin()}, start="pin")
    with caplog.at_level(0):
        call = phone.call().press("1379").press("8264")
    assert (seen, call.ended.status) == (["1379", "8264"], "completed")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("calls.sqlite3*")).decode("latin-1")
    answers = "".join(str(each.body) for each in call.responses)
    assert len(told) == 5
    for digits in seen:
        assert digits not in "".join(told) + caplog.text + kept + answers
    assert phone.host.sessions.load(call.sid).data == {}
