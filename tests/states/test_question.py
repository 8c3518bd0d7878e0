"""The kind question: digits that are checked, read out and kept; yes or no."""

import pytest

from ivrkit import BACK, FlowError, Goto, State, Text, Texts, ask, hookimpl, states
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.routes import Routes

WRONG = "Sorry, that can't be right."


class TestDigits:
    """What is pressed is what was asked for, or is asked for again."""

    def test_the_right_ones_go_on(self, at):
        """By their number; they are kept under their name."""
        caller = at(states.question("Number?", digits="2-4", keep="number", then="there"))
        assert 'numDigits="4"' in caller.xml
        assert caller.press("123").heard == ["There."]
        assert caller.session.data == {"number": "123"}

    def test_the_key_that_ends_them_alone_is_silence(self, at):
        """Twilio brings no digits then, and nothing was entered that could be wrong."""
        caller = at(states.question("Number?", digits="2-4")).webhook(Digits="", FinishedOnKey="#")
        assert caller.heard == ["Number?"]

    @pytest.mark.parametrize("pressed", ["1", "12345", "1*", "*"])
    def test_the_wrong_ones_are_told(self, at, pressed):
        """Too few, too many, and what is no digit."""
        caller = at(states.question("Number?", digits="2-4", keep="number", then="there")).press(pressed)
        assert caller.heard == [WRONG, "Number?"]
        assert caller.session.data == {}

    def test_any_number_of_them(self, at):
        """Where nothing is said of it, the finish key ends them."""
        caller = at(states.question("Number?", then="there"))
        assert "numDigits" not in caller.xml
        assert caller.press("123456789012345").heard == ["There."]

    def test_home_is_where_it_goes_by_itself(self, at):
        """As every kind."""
        assert at(states.question("Number?", digits=1)).press("1").state == "menu"

    def test_least_and_most(self, at):
        """The number that the digits make."""
        state = states.question("Month?", digits="1-2", least=1, most=12, then="there")
        assert at(state).press("12").heard == ["There."]
        assert at(state).press("01").heard == ["There."]
        assert at(state).press("0").heard == [WRONG, "Month?"]
        assert at(state).press("13").heard == [WRONG, "Month?"]

    def test_a_function_checks_last(self, at):
        """With the call, after all other checks; and says what is wrong in words of its own."""
        asked = []

        def check(call):
            asked.append(call.digits)
            return call.digits == "42"

        state = states.question("Number?", digits=2, check=check, wrong=["No.", "Again."], then="there")
        assert at(state).press("4").heard == ["No.", "Again.", "Number?"]
        assert at(state).press("41").heard == ["No.", "Again.", "Number?"]
        assert at(state).press("42").heard == ["There."]
        assert asked == ["41", "42"]

    def test_a_check_that_fails_is_an_apology(self, at):
        """As any code of a plugin; nothing is kept."""
        caller = at(states.question("Number?", digits=1, keep="it", check=lambda call: 1 / 0)).press("1")
        assert caller.heard[0] == "We are sorry, something went wrong."
        assert caller.session.data == {}

    def test_silence_and_wrong_digits_have_counts_of_their_own(self, at):
        """The third of a kind gives up; speech is a wrong answer."""
        state = states.question("Number?", digits=2, tries=2, give_up=Goto("there", say="Enough."), then=None)
        assert at(state).stays_silent(2).heard == ["Enough.", "There."]
        assert at(state).press("1", "1").heard == ["Enough.", "There."]
        assert at(state).press("1").stays_silent().heard == ["Number?"]
        assert at(state).says("forty two").heard == [WRONG, "Number?"]

    def test_silence_is_not_told_as_wrong(self, at):
        """The question is asked again, and nothing else."""
        assert at(states.question("Number?", digits=2)).stays_silent().heard == ["Number?"]


class TestConfirm:
    """The digits are read out, and the caller is asked whether they are right."""

    STATE = staticmethod(
        lambda **more: states.question("Number?", digits=3, keep="number", confirm=True, then="there", **more)
    )

    def test_they_are_read_out_one_by_one(self, at):
        """And the keys are named."""
        caller = at(self.STATE()).press("123")
        assert caller.state == "it.confirm"
        assert caller.heard == [
            "You have entered 1 2 3.",
            "If that is right, press one. To enter it again, press two.",
        ]
        assert caller.press("1").heard == ["There."]
        assert caller.session.data == {"number": "123"}

    def test_they_may_be_entered_again(self, at):
        """Then the later ones count."""
        caller = at(self.STATE()).press("123", "2")
        assert caller.heard == ["Number?"]
        assert caller.press("456", "1").heard == ["There."]
        assert caller.session.data == {"number": "456"}

    def test_right_digits_are_no_failure(self, at):
        """However often they are entered again, nobody is given up."""
        caller = at(self.STATE(tries=1, give_up=None))
        for _ in range(8):
            caller.press("123", "2")
        assert caller.heard == ["Number?"]
        assert caller.session.failures_in_row == 0

    def test_the_confirmation_has_tries_too(self, at):
        """And the same way to give up."""
        caller = at(self.STATE(tries=2, give_up=Goto("there", say="Enough."))).press("123")
        assert caller.stays_silent(2).heard == ["Enough.", "There."]

    def test_back_leads_to_whoever_asked(self, at):
        """Not to the question itself."""
        state = states.question("Number?", digits=1, keep="n", confirm=True, then=BACK)
        asking = State(ask("Which?"), Routes({"1": "it"}))
        caller = at(state, states={"asking": asking}, start="asking").press("1", "5", "1")
        assert caller.state == "asking"


class TestYesOrNo:
    """Key 1 is yes, key 2 is no."""

    def test_both(self, at):
        """The sentence that names the keys follows the question."""
        state = states.question("Sure?", yes="there", no=Goto(None, say="Then not."))
        caller = at(state)
        assert caller.heard == ["Sure?", "For yes, press one. For no, press two."]
        assert caller.press("1").heard == ["There."]
        assert at(state).press("2").heard == ["Then not."]

    def test_one_alone(self, at):
        """The other goes HOME; None is the goodbye."""
        assert at(states.question("Sure?", yes="there")).press("2").state == "menu"
        assert at(states.question("Sure?", no=None)).press("2").heard == ["Goodbye."]
        assert at(states.question("Sure?", no="there")).press("1").state == "menu"

    def test_tries_and_give_up(self, at):
        """A wrong key and silence count as anywhere."""
        state = states.question("Sure?", yes="there", tries=2, give_up=Goto("there", say="Enough."))
        assert at(state).press("7", "7").heard == ["Enough.", "There."]
        assert at(state).stays_silent(2).heard == ["Enough.", "There."]


class TestSecret:
    """What is pressed is kept nowhere."""

    def test_the_digits_are_in_nothing_that_is_kept_or_told(self, at):
        """Neither session, path, event nor data."""
        caller = at(states.question("PIN?", digits=4, check=lambda call: False, secret=True)).press("1379")
        assert caller.heard == [WRONG, "PIN?"]
        assert "1379" not in caller.session.to_json()
        assert "1379" not in repr(caller.last.events)

    def test_hooks_and_log_do_not_have_them(self, make_phone, caplog):
        """With the whole host around it."""
        told = []

        class Pin:
            """A plugin that asks for a PIN, and watches."""

            @hookimpl
            def ivrkit_register_states(self):
                """Offer the question."""
                return {"pin": states.question("PIN?", digits=4, check=lambda call: False, secret=True)}

            @hookimpl
            def ivrkit_state_left(self, call, outcome):
                """Keep what is told."""
                told.append((call.digits, call.params.get("Digits"), outcome))

        phone = make_phone(plugins=[], objects={"pin": Pin()}, start="pin")
        with caplog.at_level(0):
            phone.call().press("1379")
        assert told
        assert "1379" not in repr(told) + caplog.text

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"keep": "pin"}, "question is secret, and would keep its digits"),
            ({"confirm": True}, "question is secret, and would read out its digits"),
            ({}, "question is secret, and nothing checks its digits"),
        ],
    )
    def test_what_would_tell_them(self, given, message):
        """It is refused when the state is made."""
        check = {"check": bool} if given else {}
        with pytest.raises(FlowError) as refused:
            states.question("PIN?", digits=4, secret=True, **check, **given)
        assert refused.value.message == message
        assert refused.value.hint == "give it check, a function (call) -> bool, and neither keep nor confirm"


LENGTHS = 'it is a number from 1 to 99, or two such as "4-8"'


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"digits": 0}, "question has digits=0", LENGTHS),
        ({"digits": "8-4"}, "question has digits='8-4'", LENGTHS),
        ({"digits": "four"}, "question has digits='four'", LENGTHS),
        (
            {"confirm": True},
            "question is confirmed, and its digits are not kept",
            'name them: keep="account"',
        ),
        (
            {"least": 5, "most": 4},
            "question has least=5 and most=4",
            "no number is both: exchange them",
        ),
        ({"most": -1}, "question has most=-1", "no digits make less than 0"),
        (
            {"digits": "1-2", "least": 100},
            "question has least=100, and 2 digits make no such number",
            "ask for more digits, or let it be less",
        ),
        (
            {"yes": "there", "wrong": "No."},
            "question asks for yes or no, and is given wrong",
            "ask for digits in a question of its own",
        ),
        (
            {"yes": "there", "digits": 4, "secret": True},
            "question asks for yes or no, and is given digits, secret",
            "ask for digits in a question of its own",
        ),
        (
            {"no": None, "then": "there"},
            "question asks for yes or no, and is given then",
            "ask for digits in a question of its own",
        ),
    ],
)
def test_what_does_not_go_together(given, message, hint):
    """It is refused when the state is made."""
    with pytest.raises(FlowError) as refused:
        states.question("Number?", **given)
    assert (refused.value.message, refused.value.hint) == (message, hint)


@pytest.mark.parametrize("given", [{}, {"digits": 4}, {"yes": None}])
def test_it_needs_words(given):
    """A caller who is asked in silence is not asked; a table without ``text`` is a slip."""
    with pytest.raises(FlowError) as refused:
        states.question(**given)
    assert refused.value.message == "question asks nothing"
    assert refused.value.hint == "give it words: a text, a Say, a Play or a Pause"


def test_the_greatest_number_of_so_many_digits_may_be_the_least(at):
    """Somebody can still answer; without a number of digits there is no such limit."""
    assert at(states.question("Number?", digits=2, least=99, then="there")).press("99").heard == ["There."]
    assert at(states.question("Number?", least=100, then="there")).press("100").heard == ["There."]


def test_it_speaks_the_language_of_the_call(at):
    """The core's sentences and words of keys, and the team's own words for the part as for the whole."""
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
