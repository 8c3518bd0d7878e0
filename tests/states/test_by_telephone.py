"""The ready-made state kinds in a phone tree without code, called in Spanish by the simulator."""

import dataclasses
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
    minimum = 100
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
    """Return a phone that calls the tree."""
    (tmp_path / "ivrkit.toml").write_text(textwrap.dedent(TREE), encoding="utf-8")
    return make_phone(plugins=[], settings_from=tmp_path)


def lines(call):
    """Return the sentences that the caller heard last."""
    return call.heard_last.splitlines()


def heard_by_callee(call):
    """Return the texts that the dialled person heard."""
    return [each.text for each in call.events if getattr(each, "who", None) == CALLEE and hasattr(each, "text")]


def connected(phone):
    """Call, and let the phones of the desk ring."""
    return phone.call().press("4711#").press("1")


def test_a_call_from_the_question_to_the_desk(phone):
    """The caller enters digits, hears the table's own sentence, and the desk hears the whisper in Spanish."""
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


def test_a_declined_transfer_goes_to_the_mailbox(phone):
    """If the desk presses a wrong key twice, the outcome ``declined`` leads to the mailbox."""
    call = connected(phone)
    call.callee_at("+15550101").answers()
    call.callee.press("2")
    call.callee.press("3")
    assert lines(call) == ["Deje su mensaje después del tono, por favor."]
    call.says("Llámeme, por favor.")
    call.press("#")
    assert lines(call) == ["Gracias. Hemos recibido su mensaje."]
    assert call.warnings == []


def test_an_unanswered_transfer_leads_to_the_queue(phone):
    """If the desk does not answer, the caller is asked for yes or no, and yes leads to the queue."""
    call = connected(phone)
    call.callee.does_not_answer()
    assert lines(call) == ["¿Quiere esperar?", "Para sí, marque uno. Para no, marque dos."]
    call.press("1")
    assert lines(call)[0] == "No cuelgue, por favor."
    call.agent.answers()
    call.agent.hangs_up(after=5)
    assert lines(call)[-1] == "Adiós."


def test_a_full_queue_leads_to_the_target_of_its_row(phone):
    """If the queue is full, the caller hears the text of the row and goes to its target."""
    phone.queue("help").size = 1000
    call = connected(phone)
    call.callee.does_not_answer()
    call.press("1")
    assert lines(call)[-2:] == ["Hay demasiadas personas.", "Deje su mensaje después del tono, por favor."]


def test_hang_up_is_the_goodbye(phone):
    """The target ``HANG UP`` says goodbye and ends the call."""
    call = connected(phone)
    call.callee.does_not_answer()
    call.press("2")
    assert (lines(call), call.ended.status) == (["Adiós."], "completed")


def test_silence_and_wrong_digits_lead_to_give_up(phone):
    """After two silences, or two wrong answers, the call goes to ``give_up``; the finish key alone is silence."""
    call = phone.call().stays_silent()
    assert lines(call) == [ASKED]
    call.press("99#")
    assert lines(call)[0] == "Lo sentimos, eso no puede ser."
    call.press("#")
    assert lines(call) == ["Deje su mensaje después del tono, por favor."]
    assert lines(phone.call().press("*#").press("1*1#")) == ["Deje su mensaje después del tono, por favor."]


def test_speech_at_a_question_for_digits_is_silence(phone):
    """A ``Gather`` for digits does not listen to speech, so Twilio reports silence."""
    assert lines(phone.call().says("Cuatro siete once.").stays_silent()) == [ASKED]


def test_a_message_is_repeated_by_two_keys(phone):
    """A ``repeat`` of two keys is read key by key, and its first key alone goes on."""
    call = phone.call(to="+15550199")
    assert lines(call) == ["Para las noticias, marque tres.", "Para escuchar esto otra vez, marque nueve."]
    said = ["Nada nuevo.", "Para escuchar esto otra vez, marque uno dos."]
    assert lines(call.press("3")) == said
    assert lines(call.press("12")) == said
    assert lines(call.press("1"))[0] == "Para las noticias, marque tres."


def test_secret_digits_reach_only_the_check(make_phone, tmp_path, caplog):
    """Only ``check`` gets the digits of a secret question: no log, hook, response or session file contains them."""
    checked, observed = [], []

    class Pin:
        """A plugin that asks for a PIN, and implements every observing hook with a call."""

        @hookimpl
        def ivrkit_register_states(self):
            """Return the question."""
            from ivrkit import states

            def check(call):
                checked.append(call.digits)
                return call.digits == "82648264"

            return {"pin": states.question("PIN?", digits=8, check=check, secret=True, then=None)}

        @hookimpl
        def ivrkit_state_entered(self, call, state):
            """Record the arguments."""
            observed.append(repr(call))

        @hookimpl
        def ivrkit_state_left(self, call, state, outcome):
            """Record the arguments."""
            observed.append(repr(call) + repr(outcome))

        @hookimpl
        def ivrkit_call_ended(self, call, reason):
            """Record the arguments."""
            observed.append(repr(call))

    phone = make_phone(plugins=[], objects={"pin": Pin()}, start="pin")
    with caplog.at_level(0):
        call = phone.call().press("13791379").press("82648264")
    assert (checked, call.ended.status) == (["13791379", "82648264"], "completed")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("calls.sqlite3*")).decode("latin-1")
    answers = "".join(str(each.body) for each in call.responses)
    assert len(observed) == 5
    for digits in checked:
        assert digits not in "".join(observed) + caplog.text + kept + answers
    assert phone.host.sessions.load(call.sid).data == {}


@pytest.mark.parametrize("continue_after_empty_recording", [True, False])
def test_a_caller_who_leaves_no_message(phone, continue_after_empty_recording):
    """A silent caller is not thanked for a message. The line is not dead, if Twilio requests the action or not."""
    phone.simulator.assumptions = dataclasses.replace(
        phone.simulator.assumptions, continue_after_empty_recording=continue_after_empty_recording
    )
    call = phone.call().stays_silent().stays_silent()
    assert call.state == "mailbox"
    call.stays_silent()
    assert lines(call)[0] == "No hemos oído ningún mensaje."
    assert (call.waiting.verb, call.warnings) == ("Gather", [])
