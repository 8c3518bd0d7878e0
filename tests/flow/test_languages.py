"""A call's language: what is looked up in it, how it changes, and what is said where words are missing."""

import copy
import pickle
from decimal import Decimal

import pytest
from twilio.twiml.voice_response import Dial, Enqueue, Say

from ivrkit import HOME, SAME, FlowError, Goto, LoadError, Menu, MenuOption, Routes, State, Text, Texts, ask, leads_to
from ivrkit.flow.compile.languages import Language, base_language, closest_tag

SPANISH = Texts(
    greeting="Gracias por llamar a {company}.",
    option="Para {label}, marque {key}.",
    repeat="Otra vez: {key}.",
    wrong_choice="No es una opción.",
    apology="Algo salió mal.",
    not_connected="No contestan.",
    no_options="No hay opciones.",
    goodbye="Adiós.",
    keys={"1": "uno", "9": "nueve"},
)
WORDS = {"Hello.": "Hola.", "sales": "ventas", "Ask for {who}.": "Pregunte por {who}.", "Ann": "Ana", "Bye.": "Chao."}


def languages(own=None, voice=None):
    """English and Spanish, with a catalogue for the plugin of these trees."""
    return (
        Language("en-US", text_overrides=own or {}),
        Language("es-MX", voice=voice, texts=SPANISH, translations={"test-states": WORDS}, text_overrides=own or {}),
    )


@pytest.fixture
def spanish(call):
    """Return a function that makes a tree of two languages, and a call to it that chose Spanish."""

    def make(own=None, voice=None, **named):
        first = State(ask("?"), Routes({"1": Goto("a", language="es-MX"), "2": "a"}))
        return call({"first": first}, languages=languages(own, voice), **named).press("1")

    return make


class TestText:
    """A sentence with its places."""

    def test_it_is_a_text(self):
        """It is its words, and stands wherever a text does."""
        assert Text("Hello.") == "Hello."
        assert hash(Text("Hello.")) == hash("Hello.")
        assert repr(Text("Hello.")) == "Text('Hello.')"

    def test_places_make_a_difference(self):
        """Two of the same words are the same only with the same places."""
        one, other = Text("Press {key}.", key="1"), Text("Press {key}.", key="2")
        assert one != other
        assert one == Text("Press {key}.", key="1")
        assert one != "Press {key}."
        assert one != 1
        assert repr(one) == "Text('Press {key}.', key='1')"

    def test_it_can_be_copied(self):
        """With its places."""
        text = Text("Press {key}.", key=Text("one"))
        assert copy.deepcopy(text) == text
        assert pickle.loads(pickle.dumps(text)).values == {"key": "one"}

    def test_a_place_that_nothing_fills_in(self):
        """Refused where it is written."""
        with pytest.raises(FlowError) as caught:
            Text("Press {key}, {who}.", key="1")
        assert caught.value.message == (
            "Text('Press {key}, {who}.') must have only the placeholder {key}, not 'Press {key}, {who}.'"
        )
        assert caught.value.hint == "leave out other placeholders; write {{ for a brace"

    def test_what_has_no_place(self):
        """Refused where it is written."""
        with pytest.raises(FlowError) as caught:
            Text("Press {key}.", key="1", who="Ann")
        assert caught.value.message == "Text('Press {key}.') must have a placeholder for the value 'who'"
        assert caught.value.hint == "write {who} in the sentence, or leave out the value"


class TestWords:
    """What is said for a text."""

    @pytest.mark.parametrize(
        "enter",
        [Text("Hello."), ["A.", Text("Hello.")], Say(Text("Hello.")), lambda call: Text("Hello.")],
        ids=["text", "list", "verb", "function"],
    )
    def test_a_text_is_looked_up_wherever_it_stands(self, spanish, enter):
        """In the language of the call."""
        assert spanish(a=State(enter)).heard[-1] == "Hola."

    def test_a_text_inside_of_ask_and_menu(self, spanish):
        """Inside of a Gather as well."""
        assert spanish(a=State(ask(Text("Hello.")), Routes({"1": None}))).heard == ["Hola."]
        assert spanish(a=State(Menu(Text("Hello."), repeat=None))).heard == ["Hola.", "No hay opciones."]

    def test_a_plain_text_is_said_as_it_is_written(self, spanish):
        """Only a Text is looked up."""
        assert spanish(a=State("Hello.")).heard == ["Hello."]

    def test_places_are_filled_in_after_the_look_up(self, spanish):
        """And a Text among them is looked up as well."""
        assert spanish(a=State(Text("Ask for {who}.", who=Text("Ann")))).heard == ["Pregunte por Ana."]
        assert spanish(a=State(Text("Ask for {who}.", who=7))).heard == ["Pregunte por 7."]

    def test_what_has_no_translation_is_said_as_it_is_written(self, spanish):
        """Better than nothing."""
        assert spanish(a=State(Text("Good day."))).heard == ["Good day."]

    def test_the_words_of_an_exit(self, spanish):
        """Those of a table, and those that a function makes."""
        assert spanish(a=State(ask("?"), Routes({"1": Goto(None, say=Text("Bye."))}))).press("1").heard == ["Chao."]

        @leads_to(None)
        def leave(call):
            return Goto(None, say=Text("Ask for {who}.", who=call.digits))

        assert spanish(a=State(ask("?"), leave)).press("4").heard == ["Pregunte por 4."]

    def test_a_menu_reads_its_options_in_the_language_of_the_call(self, spanish):
        """Label, line and phrases are texts of the state that hangs in it."""
        caller = spanish(
            a=State(Menu()),
            b=State("B.", options=MenuOption("1", Text("sales"), phrases=(Text("sales"),), menu="a")),
            c=State("C.", options=MenuOption("2", "x", sentence=Text("Hello."), menu="a")),
        )
        assert caller.heard == ["Para ventas, marque uno.", "Hola.", "Otra vez: nueve."]
        assert 'hints="ventas"' in caller.xml
        assert caller.says("Ventas.").heard == ["B."]

    def test_a_phrase_of_another_language_is_none(self, spanish):
        """A caller who is spoken to in Spanish is listened to in Spanish."""
        caller = spanish(
            a=State(Menu()), b=State("B.", options=MenuOption("1", "x", phrases=(Text("sales"),), menu="a"))
        )
        assert caller.says("sales").heard[0] == "No es una opción."

    def test_the_words_of_the_core(self, spanish):
        """Apology, goodbye, wrong choice and not connected."""

        def broken(call):
            raise ValueError

        assert spanish(a=State(ask("?"), Routes({"1": None}))).press("1").heard == ["Adiós."]
        assert spanish(a=State(ask("?"), Routes({"1": None}))).press("5").heard == ["No es una opción.", "?"]
        assert spanish(a=State(broken, on_error="first")).heard == ["Algo salió mal.", "?"]
        busy = spanish(a=State(Dial("+15550100"), Routes({"answered": None}))).dials("busy")
        assert busy.heard == ["No contestan.", "?"]

    def test_a_core_sentence_is_anybodys(self, spanish):
        """A plugin that says a sentence of the core has it in every language of the core."""
        assert spanish(a=State(Text(Texts.goodbye))).heard == ["Adiós."]

    def test_the_teams_own_words_win(self, spanish):
        """Over the catalogue, and over plain texts; of that state alone."""
        own = {"a": {"Hello.": "Buenas.", "Plain.": "Sencillo.", "Ask for {who}.": "{who}, por favor."}}
        assert spanish(own, a=State(["Plain.", Text("Hello.")])).heard == ["Sencillo.", "Buenas."]
        assert spanish(own, a=State(Text("Ask for {who}.", who=Text("Ann")))).heard == ["Ana, por favor."]
        assert spanish(own, a=State("A.", "b"), b=State(["Plain.", Text("Hello.")])).heard == ["A.", "Plain.", "Hola."]

    def test_each_caller_hears_what_is_filled_in_for_them(self, call):
        """What looks alike to Python, 5 and 5.00, is not what was said to the caller before."""
        filled = iter((5, Decimal("5.00"), True))
        caller = call(a=State(lambda call: ask(Text("You owe {x}.", x=next(filled))), Routes({"1": SAME})))
        assert [caller.heard, caller.press("1").heard, caller.press("1").heard] == [
            ["You owe 5."],
            ["You owe 5.00."],
            ["You owe True."],
        ]

    def test_two_phrases_that_are_one_in_a_language(self, tree):
        """One of them would be heard as the other."""
        languages = (
            Language("en-US"),
            Language("es-MX", translations={"test-states": {"sales": "igual", "tech": "igual"}}),
        )
        b, c = (
            State("B.", options=MenuOption(key, "x", Text(word), menu="m"))
            for key, word in (("1", "sales"), ("2", "tech"))
        )
        with pytest.raises(LoadError) as caught:
            tree(m=State(Menu()), b=b, c=c, languages=languages)
        (problem,) = caught.value.problems
        assert (
            problem.message
            == "state 'm' of test-states 1.0: in es-MX, the phrase 'igual' belongs to the keys '1' and '2'"
        )
        assert problem.hint == "translate one of the two phrases differently"

    def test_words_set_to_nothing_are_left_out(self, spanish):
        """No empty Say is sent; what an author wrote around them stays."""
        own = {"a": {"Hello.": ""}}
        assert spanish(own, a=State(["A.", Text("Hello.")])).heard == ["A."]
        assert spanish(own, a=State(["A.", Say("Hello.")])).heard == ["A."]
        assert spanish(own, a=State(ask("Hello.", "?"), Routes({"1": None}))).heard == ["?"]

    def test_words_between_the_children_of_a_say(self, spanish):
        """Mixed content is looked up part by part."""
        say = Say(Text("Hello."))
        say.break_(time="1s")
        say.append(Text("Bye."))
        assert 'es-MX">Hola.<break time="1s" />Chao.</Say>' in spanish(a=State(say)).xml


class TestVoice:
    """Which voice and language the verbs are given."""

    def test_each_language_has_its_voice(self, spanish):
        """A Say gets the voice of the language it is in."""
        assert '<Say voice="Polly.Mia" language="es-MX">A.</Say>' in spanish(voice="Polly.Mia", a=State("A.")).xml

    def test_a_state_can_have_a_voice_of_its_own(self, spanish):
        """In every language."""
        assert '<Say voice="Polly.Andres" language="es-MX">A.</Say>' in spanish(a=State("A.", voice="Polly.Andres")).xml

    def test_a_state_can_have_a_language_of_its_own(self, call):
        """Its texts are looked up in that, whatever the call's is; the call's does not change."""
        hello = State(ask(Text("Hello.")), Routes({"1": None}), language="es-MX")
        caller = call(a=hello, languages=languages(voice="Polly.Mia"))
        assert '<Say voice="Polly.Mia" language="es-MX">Hola.</Say>' in caller.xml
        assert caller.session.language == "en-US"
        assert caller.press("1").heard == ["Goodbye."]

    def test_a_language_of_its_own_that_the_flow_does_not_have(self, call):
        """It is said in it, as it is written."""
        assert call(a=State(Text("Bonjour."), language="fr-FR"), voice="Polly.Joanna").xml == (
            '<Say language="fr-FR">Bonjour.</Say><Hangup />'
        )

    def test_speech_is_recognised_in_the_language_of_the_call(self, spanish):
        """The Gather says which."""
        assert (
            'language="es-MX"'
            in spanish(a=State(ask("?", input="speech"), leads_to(SAME)(print))).xml.partition("<Say")[0]
        )

    @pytest.mark.parametrize(("name", "example"), [("voice", "Polly.Mia"), ("language", "es-MX")])
    def test_what_is_no_voice_or_language(self, name, example):
        """Refused where it is written."""
        for value in (5, "", " "):
            with pytest.raises(FlowError) as caught:
                State("A.", **{name: value})
            assert caught.value.message == f"{name} of a State must be a text, not {value!r}"
            assert caught.value.hint == f'write {name}="{example}"'


class TestChange:
    """How a call comes to its language."""

    def test_an_exit_changes_it_for_the_rest_of_the_call(self, spanish):
        """The words on the way are in the new language already, and handlers see it."""
        seen = []

        def look(call):
            seen.append(call.language)
            return ask(Text("Hello."))

        caller = spanish(a=State(look, Routes({"1": Goto("a", say=Text("Bye."), language="en-US")})))
        assert (caller.heard, caller.session.language) == (["Hola."], "es-MX")
        assert caller.press("1").heard == ["Bye.", "Hello."]
        assert seen == ["es-MX", "en-US"]

    def test_a_language_like_it_will_do(self, call):
        """``es`` is the Spanish that there is."""
        first = State(ask("?"), Routes({"1": Goto("a", language="es")}))
        caller = call(first=first, a=State(Text("Hello.")), languages=languages()).press("1")
        assert (caller.heard, caller.session.language) == (["Hola."], "es-MX")

    def test_a_function_changes_it_too(self, call):
        """By the Goto that it returns."""

        @leads_to("a")
        def choose(call):
            return Goto("a", language="es-MX")

        assert call(first=State(ask("?"), choose), a=State(Text("Hello.")), languages=languages()).press("1").heard == [
            "Hola."
        ]

    def test_a_function_that_names_a_language_that_there_is_not(self, call):
        """It has failed; the caller hears the apology."""

        @leads_to(SAME)
        def choose(call):
            return Goto(SAME, language="fr-FR")

        caller = call(a=State(ask("?"), choose)).press("1")
        (error,) = [each.error for each in caller.last.events if each.name == "failed"]
        assert error.message == "the language of its exit must be one of en-US, not 'fr-FR'"
        assert error.hint == "add it in ivrkit.toml:  languages = [...]"
        assert caller.heard[0] == "We are sorry, something went wrong."

    def test_a_table_that_names_a_language_that_there_is_not(self, tree):
        """Refused at start."""
        with pytest.raises(LoadError) as caught:
            tree(a=State(ask("?"), Routes({"1": Goto(HOME, language="fr-FR")})))
        (problem,) = caught.value.problems
        assert (
            problem.message
            == "state 'a' of test-states 1.0: the language of the row '1' must be one of en-US, not 'fr-FR'"
        )
        assert problem.hint == "add it in ivrkit.toml:  languages = [...]"

    @pytest.mark.parametrize("language", [5, "", " "])
    def test_what_is_no_language(self, language):
        """Refused where it is written."""
        with pytest.raises(FlowError) as caught:
            Goto("a", language=language)
        assert caught.value.message == f"the language of Goto('a') must be a text, not {language!r}"
        assert caught.value.hint == 'write a language tag such as "es-MX"'

    def test_a_session_of_a_language_that_is_gone(self, call):
        """A deploy may take a language away under a live call: it goes on in the flow's own."""
        caller = call(a=State(ask(Text("Hello.")), Routes({"1": None})), languages=languages())
        caller.session.language = "fr-FR"
        assert caller.stays_silent().heard == ["Hello."]
        assert caller.session.language == "en-US"

    def test_an_exit_tells_what_it_was_given(self):
        """As it is written in code."""
        assert repr(Goto("a", language="es-MX")) == "Goto('a', language='es-MX')"
        assert repr(Goto(HOME, say="Hi.")) == "Goto(HOME, say=('Hi.',))"
        assert repr(Goto(None)) == "Goto(None)"


class TestNotices:
    """The host warns of texts that have no words in a language."""

    def test_what_has_no_words(self, tree):
        """Each state once for each language, with how many more there are."""
        options = MenuOption("1", Text("sales"), phrases=(Text("Phrase"),), menu="m")
        a = State(
            [Text("Good day."), Text("Ask for {who}.", who=Text("Bob"))],
            Goto(None, say=Text("Hello.")),
            options=options,
        )
        flow = tree(m=State(Menu(Text("Hello."), Say(Text("Day.")))), a=a, languages=languages())
        assert tuple(map(str, flow.startup_warnings)) == (
            "state 'm' of test-states 1.0 has no translation into es-MX of 'Day.'",
            "state 'a' of test-states 1.0 has no translation into es-MX of 'Good day.' and 2 more",
        )

    def test_words_of_the_team_for_what_is_not_said(self, tree):
        """A slip in a long sentence would change nothing; where a function says something, nobody knows."""
        own = {"a": {"Helo.": "Buenas.", "Hello.": "Buenas.", Texts.wrong_choice: "No."}, "b": {"Helo.": "Buenas."}}
        flow = tree(a=State(Text("Hello.")), b=State(lambda call: "B."), languages=languages(own))
        assert tuple(map(str, flow.startup_warnings)) == (
            (
                "state 'a' of test-states 1.0 does not say 'Helo.', did you mean 'Hello.'?"
                "\n  hint: correct or remove it in ivrkit.toml:  [states.a.texts]"
            ),
        )

    def test_what_is_written_in_english_needs_no_words_in_english(self, tree):
        """Nor does a sentence of the core, or what the team has words for."""
        own = {"a": {"Day.": "Día."}}
        assert (
            tree(
                a=State([Text("Hello."), Text(Texts.goodbye), Text("Day.")]), languages=languages(own)
            ).startup_warnings
            == ()
        )


@pytest.mark.parametrize(
    ("tag", "tags", "found"),
    [
        ("es-MX", ("es-ES", "es-MX"), "es-MX"),
        ("es_mx", ("es-ES", "es-MX"), "es-MX"),
        ("es", ("en-US", "es-ES"), "es-ES"),
        ("es-AR", ("en-US", "es-ES"), "es-ES"),
        ("fr", ("en-US",), None),
    ],
)
def test_the_language_most_like_it(tag, tags, found):
    """The same, else the same language of another country, else none."""
    assert closest_tag(tag, tags) == found
    assert base_language(tag) == tag[:2]


def test_a_name_is_not_translated(call):
    """A queue, a number or a client that is called like a word of the team keeps its name."""
    own = {"a": {"support": "soporte", "ann": "ana"}}
    dial = Dial()
    dial.client("ann")
    for said, kept in ((Enqueue("support"), ">support</Enqueue>"), (dial, ">ann</Client>")):
        state = State(["support", said], Routes({}))
        xml = call(a=state, language="es-MX", languages=(Language("es-MX", text_overrides=own),)).xml
        assert ">soporte</Say>" in xml
        assert kept in xml
