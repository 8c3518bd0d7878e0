"""The state kind question: digits that are checked, read out and kept; yes or no."""

import pytest

from ivrkit import BACK, FlowError, Goto, State, Text, Texts, ask, hookimpl, states
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.routes import Routes

WRONG = "Sorry, that can't be right."


class TestDigits:
    """Questions for digits: right digits go on, wrong ones are asked for again."""

    def test_right_digits_go_on_and_are_kept(self, at):
        """Digits of the right length go to ``then``, and are in ``call.data`` under the key ``keep``."""
        caller = at(states.question("Number?", digits="2-4", keep="number", then="there"))
        assert 'numDigits="4"' in caller.xml
        assert caller.press("123").heard == ["There."]
        assert caller.session.data == {"number": "123"}

    def test_the_finish_key_alone_is_not_a_wrong_answer(self, at):
        """If the caller presses only the finish key, the question is repeated as after silence."""
        caller = at(states.question("Number?", digits="2-4")).webhook(Digits="", FinishedOnKey="#")
        assert caller.heard == ["Number?"]

    @pytest.mark.parametrize("pressed", ["1", "12345", "1*", "*"])
    def test_wrong_digits_are_asked_for_again(self, at, pressed):
        """Too few digits, too many, and keys that are not digits are wrong, and are not kept."""
        caller = at(states.question("Number?", digits="2-4", keep="number", then="there")).press(pressed)
        assert caller.heard == [WRONG, "Number?"]
        assert caller.session.data == {}

    def test_without_digits_any_length_is_right(self, at):
        """Without the argument ``digits`` the ``Gather`` has no ``numDigits``, and the finish key ends the digits."""
        caller = at(states.question("Number?", then="there"))
        assert "numDigits" not in caller.xml
        assert caller.press("123456789012345").heard == ["There."]

    def test_the_default_target_is_home(self, at):
        """Without ``then`` right digits go HOME."""
        assert at(states.question("Number?", digits=1)).press("1").state == "menu"

    def test_minimum_and_maximum(self, at):
        """The number that the digits make must be from ``minimum`` to ``maximum``."""
        state = states.question("Month?", digits="1-2", minimum=1, maximum=12, then="there")
        assert at(state).press("12").heard == ["There."]
        assert at(state).press("01").heard == ["There."]
        assert at(state).press("0").heard == [WRONG, "Month?"]
        assert at(state).press("13").heard == [WRONG, "Month?"]

    def test_the_check_runs_last(self, at):
        """The function ``check`` runs only if all other checks passed; ``wrong`` replaces the core's text."""
        checked = []

        def check(call):
            checked.append(call.digits)
            return call.digits == "42"

        state = states.question("Number?", digits=2, check=check, wrong=["No.", "Again."], then="there")
        assert at(state).press("4").heard == ["No.", "Again.", "Number?"]
        assert at(state).press("41").heard == ["No.", "Again.", "Number?"]
        assert at(state).press("42").heard == ["There."]
        assert checked == ["41", "42"]

    def test_a_check_that_raises_is_a_failed_handler(self, at):
        """If ``check`` raises, the caller hears the apology, as for any handler, and no digits are kept."""
        caller = at(states.question("Number?", digits=1, keep="it", check=lambda call: 1 / 0)).press("1")
        assert caller.heard[0] == "We are sorry, something went wrong."
        assert caller.session.data == {}

    def test_silence_and_wrong_digits_are_counted_separately(self, at):
        """The caller is given up after ``tries`` silences or ``tries`` wrong answers; speech is a wrong answer."""
        state = states.question("Number?", digits=2, tries=2, give_up=Goto("there", say="Enough."), then=None)
        assert at(state).stays_silent(2).heard == ["Enough.", "There."]
        assert at(state).press("1", "1").heard == ["Enough.", "There."]
        assert at(state).press("1").stays_silent().heard == ["Number?"]
        assert at(state).says("forty two").heard == [WRONG, "Number?"]

    def test_after_silence_only_the_question_is_repeated(self, at):
        """Silence repeats the question without the prompt for wrong digits."""
        assert at(states.question("Number?", digits=2)).stays_silent().heard == ["Number?"]


class TestConfirm:
    """Questions with ``confirm``: the digits are read out, and the caller is asked whether they are right."""

    STATE = staticmethod(
        lambda **more: states.question("Number?", digits=3, keep="number", confirm=True, then="there", **more)
    )

    def test_the_digits_are_read_out_one_by_one(self, at):
        """The substate ``confirm`` reads the digits one by one and names the keys for yes and no."""
        caller = at(self.STATE()).press("123")
        assert caller.state == "it.confirm"
        assert caller.heard == [
            "You have entered 1 2 3.",
            "If that is right, press one. To enter it again, press two.",
        ]
        assert caller.press("1").heard == ["There."]
        assert caller.session.data == {"number": "123"}

    def test_the_digits_can_be_entered_again(self, at):
        """After a no the caller enters the digits again, and the last ones are kept."""
        caller = at(self.STATE()).press("123", "2")
        assert caller.heard == ["Number?"]
        assert caller.press("456", "1").heard == ["There."]
        assert caller.session.data == {"number": "456"}

    def test_entering_the_digits_again_is_not_a_failure(self, at):
        """A caller who enters the digits again many times is not given up."""
        caller = at(self.STATE(tries=1, give_up=None))
        for _ in range(8):
            caller.press("123", "2")
        assert caller.heard == ["Number?"]
        assert caller.session.failures_in_row == 0

    def test_the_confirmation_has_the_same_tries(self, at):
        """The arguments ``tries`` and ``give_up`` also apply to the substate ``confirm``."""
        caller = at(self.STATE(tries=2, give_up=Goto("there", say="Enough."))).press("123")
        assert caller.stays_silent(2).heard == ["Enough.", "There."]

    def test_back_leads_to_the_state_before_the_question(self, at):
        """With ``then=BACK`` the confirmation goes back to the state before the question, not to the question."""
        state = states.question("Number?", digits=1, keep="n", confirm=True, then=BACK)
        asking = State(ask("Which?"), Routes({"1": "it"}))
        caller = at(state, states={"asking": asking}, start="asking").press("1", "5", "1")
        assert caller.state == "asking"


class TestYesOrNo:
    """Questions for yes or no: key 1 is yes, key 2 is no."""

    def test_yes_and_no_have_targets(self, at):
        """The keys are named after the question, and each has its target."""
        state = states.question("Sure?", yes="there", no=Goto(None, say="Then not."))
        caller = at(state)
        assert caller.heard == ["Sure?", "For yes, press one. For no, press two."]
        assert caller.press("1").heard == ["There."]
        assert at(state).press("2").heard == ["Then not."]

    def test_the_answer_without_a_target_goes_home(self, at):
        """If only one answer has a target, the other goes HOME; the target ``None`` is the goodbye."""
        assert at(states.question("Sure?", yes="there")).press("2").state == "menu"
        assert at(states.question("Sure?", no=None)).press("2").heard == ["Goodbye."]
        assert at(states.question("Sure?", no="there")).press("1").state == "menu"

    def test_tries_and_give_up(self, at):
        """Wrong keys and silence are counted, and lead to ``give_up`` after ``tries`` of them."""
        state = states.question("Sure?", yes="there", tries=2, give_up=Goto("there", say="Enough."))
        assert at(state).press("7", "7").heard == ["Enough.", "There."]
        assert at(state).stays_silent(2).heard == ["Enough.", "There."]


class TestSecret:
    """Questions with ``secret``: the digits are in no log, hook or session."""

    def test_secret_digits_are_not_in_the_session(self, at):
        """Neither the session nor the events of a webhook contain the digits of a secret question."""
        caller = at(states.question("PIN?", digits=4, check=lambda call: False, secret=True)).press("1379")
        assert caller.heard == [WRONG, "PIN?"]
        assert "1379" not in caller.session.to_json()
        assert "1379" not in repr(caller.last.events)

    def test_secret_digits_are_not_in_hooks_and_log(self, make_phone, caplog):
        """Neither the log nor an observing hook gets the digits of a secret question."""
        observed = []

        class Pin:
            """A plugin that asks for a PIN and observes the call."""

            @hookimpl
            def ivrkit_register_states(self):
                """Return the question."""
                return {"pin": states.question("PIN?", digits=8, check=lambda call: False, secret=True)}

            @hookimpl
            def ivrkit_state_left(self, call, outcome):
                """Record the arguments."""
                observed.append((call.digits, call.params.get("Digits"), outcome))

        phone = make_phone(plugins=[], objects={"pin": Pin()}, start="pin")
        with caplog.at_level(0):
            phone.call().press("13791379")
        assert observed
        assert "13791379" not in repr(observed) + caplog.text

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"keep": "pin"}, "question with secret must not have keep"),
            ({"confirm": True}, "question with secret must not have confirm"),
            ({}, "question with secret must have check"),
        ],
    )
    def test_a_secret_question_must_not_keep_or_read_out_its_digits(self, arguments, message):
        """A secret question with ``keep`` or ``confirm``, or without ``check``, is an error when it is made."""
        check = {"check": bool} if arguments else {}
        with pytest.raises(FlowError) as refused:
            states.question("PIN?", digits=4, secret=True, **check, **arguments)
        assert refused.value.message == message
        assert (
            refused.value.hint == "check the digits with check, a function (call) -> bool, and remove keep and confirm"
        )


class TestAttempts:
    """Questions with ``attempts``: wrong digits are counted over all calls of a number."""

    @pytest.fixture
    def phone(self, make_phone):
        """Return a phone for a tree that asks for a PIN, and locks a number after four wrong ones."""

        class Pin:
            """A plugin that asks for a PIN."""

            @hookimpl
            def ivrkit_register_states(self):
                """Return the question."""
                pin = states.question(
                    "PIN?", digits=4, check=lambda call: call.digits == "2468", attempts="shop.pin", secret=True,
                    then="in",
                )  # fmt: skip
                return {"pin": pin, "in": State(ask("You are in."), Routes({"1": None}))}

        return make_phone(plugins=[], objects={"pin": Pin()}, start="pin", max_attempts=4)

    def test_wrong_digits_lock_the_number_in_later_calls(self, phone):
        """After the last attempt, right digits are wrong. Another number is not affected."""
        phone.call(from_="+15550100").press("1111").press("1112").hangs_up()
        phone.call(from_="+15550100").press("1113").press("1114").hangs_up()
        locked = phone.call(from_="+15550100").press("2468")
        assert (locked.state, locked.heard_last) == ("pin", f"{WRONG}\nPIN?")
        assert phone.call(from_="+15550101").press("2468").state == "in"

    def test_right_digits_forget_the_wrong_ones(self, phone):
        """A caller who mistypes now and then is never locked out."""
        for _ in range(5):
            assert phone.call(from_="+15550100").press("1111").press("1112").press("2468").state == "in"


LENGTHS = "question: digits must be a number from 1 to 99 or a range, not"
WRITE_DIGITS = 'write digits = 4 or digits = "4-8"'


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ({"digits": 0}, f"{LENGTHS} 0", WRITE_DIGITS),
        ({"digits": "8-4"}, f"{LENGTHS} '8-4'", WRITE_DIGITS),
        ({"digits": "four"}, f"{LENGTHS} 'four'", WRITE_DIGITS),
        (
            {"confirm": True},
            "question with confirm must have keep",
            'name the digits: keep = "account"',
        ),
        (
            {"attempts": "shop.pin"},
            "question with attempts must have check",
            "check the digits with check, a function (call) -> bool, or remove attempts",
        ),
        (
            {"yes": "there", "attempts": "shop.pin"},
            "question with yes or no must not have attempts",
            "use a second question for the digits",
        ),
        (
            {"minimum": 5, "maximum": 4},
            "question: minimum must be at most the maximum, 4, not 5",
            "exchange minimum and maximum",
        ),
        ({"maximum": -1}, "question: maximum must be at least 0, not -1", "digits make no negative number"),
        (
            {"digits": "1-2", "minimum": 100},
            "question: minimum must have at most 2 digits, not be 100",
            "allow more digits, or lower the minimum",
        ),
        (
            {"yes": "there", "wrong": "No."},
            "question with yes or no must not have wrong",
            "use a second question for the digits",
        ),
        (
            {"yes": "there", "digits": 4, "secret": True},
            "question with yes or no must not have digits, secret",
            "use a second question for the digits",
        ),
        (
            {"no": None, "then": "there"},
            "question with yes or no must not have then",
            "use a second question for the digits",
        ),
    ],
)
def test_invalid_arguments_are_refused(arguments, message, hint):
    """Arguments that are invalid or exclude each other are an error when the state is made."""
    with pytest.raises(FlowError) as refused:
        states.question("Number?", **arguments)
    assert (refused.value.message, refused.value.hint) == (message, hint)


@pytest.mark.parametrize("arguments", [{}, {"digits": 4}, {"yes": None}])
def test_a_question_without_text_is_refused(arguments):
    """A question without prompts is an error, as a table without ``text`` is a mistake."""
    with pytest.raises(FlowError) as refused:
        states.question(**arguments)
    assert refused.value.message == "question must have a text"
    assert refused.value.hint == "add a text, a Say, a Play or a Pause"


def test_the_minimum_may_be_the_greatest_number_of_that_length(at):
    """A minimum of 99 is valid for two digits, and any minimum is valid without ``digits``."""
    assert at(states.question("Number?", digits=2, minimum=99, then="there")).press("99").heard == ["There."]
    assert at(states.question("Number?", minimum=100, then="there")).press("100").heard == ["There."]


def test_the_prompts_are_in_the_language_of_the_call(at):
    """The core's texts, the words for keys, and the team's own translations are in the language of the call."""
    spanish = Language(
        "es-MX",
        texts=Texts(entered="Usted marcó {digits}.", confirm="¿Sí? {yes}. ¿No? {no}.", keys={"1": "uno", "2": "dos"}),
        text_overrides={"it": {"Number?": "¿Número?", "Done.": "Listo."}},
    )
    state = states.question(Text("Number?"), digits=1, keep="n", confirm=True, then=Goto(None, say=Text("Done.")))
    caller = at(state, language="es-MX", languages=(spanish,))
    assert caller.heard == ["¿Número?"]
    assert caller.press("5").heard == ["Usted marcó 5.", "¿Sí? uno. ¿No? dos."]
    assert caller.press("1").heard == ["Listo."]
