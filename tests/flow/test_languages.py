"""The language of a call: translations, changes of the language, and missing translations."""

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
SPANISH_TRANSLATIONS = {
    "Hello.": "Hola.",
    "sales": "ventas",
    "Ask for {who}.": "Pregunte por {who}.",
    "Ann": "Ana",
    "Bye.": "Chao.",
}


def languages(overrides=None, voice=None):
    """Return English and Spanish, with Spanish translations for the plugin of these trees."""
    return (
        Language("en-US", text_overrides=overrides or {}),
        Language(
            "es-MX",
            voice=voice,
            texts=SPANISH,
            translations={"test-states": SPANISH_TRANSLATIONS},
            text_overrides=overrides or {},
        ),
    )


@pytest.fixture
def spanish(call):
    """Return a function that makes a call which has chosen Spanish, in a tree of two languages."""

    def make(overrides=None, voice=None, **named):
        first = State(ask("?"), Routes({"1": Goto("a", language="es-MX"), "2": "a"}))
        return call({"first": first}, languages=languages(overrides, voice), **named).press("1")

    return make


class TestText:
    """A text with placeholders."""

    def test_it_is_a_string(self):
        """A Text is a string, and can stand wherever a string can."""
        assert Text("Hello.") == "Hello."
        assert hash(Text("Hello.")) == hash("Hello.")
        assert repr(Text("Hello.")) == "Text('Hello.')"

    def test_texts_with_other_values_are_different(self):
        """Two texts are equal only if their values are equal too."""
        one, other = Text("Press {key}.", key="1"), Text("Press {key}.", key="2")
        assert one != other
        assert one == Text("Press {key}.", key="1")
        assert one != "Press {key}."
        assert one != 1
        assert repr(one) == "Text('Press {key}.', key='1')"

    def test_a_copy_has_the_values(self):
        """A Text can be copied and pickled with its values."""
        text = Text("Press {key}.", key=Text("one"))
        assert copy.deepcopy(text) == text
        assert pickle.loads(pickle.dumps(text)).values == {"key": "one"}

    def test_a_placeholder_without_a_value_is_refused(self):
        """A Text with a placeholder that has no value raises an error."""
        with pytest.raises(FlowError) as caught:
            Text("Press {key}, {who}.", key="1")
        assert caught.value.message == (
            "Text('Press {key}, {who}.') must have only the placeholder {key}, not 'Press {key}, {who}.'"
        )
        assert caught.value.hint == "leave out other placeholders; write {{ for a brace"

    def test_a_value_without_a_placeholder_is_refused(self):
        """A Text with a value that has no placeholder raises an error."""
        with pytest.raises(FlowError) as caught:
            Text("Press {key}.", key="1", who="Ann")
        assert caught.value.message == "Text('Press {key}.') must have a placeholder for the value 'who'"
        assert caught.value.hint == "write {who} in the sentence, or leave out the value"


class TestTranslation:
    """The translation of texts."""

    @pytest.mark.parametrize(
        "enter",
        [Text("Hello."), ["A.", Text("Hello.")], Say(Text("Hello.")), lambda call: Text("Hello.")],
        ids=["text", "list", "verb", "function"],
    )
    def test_a_text_is_translated_anywhere_in_enter(self, spanish, enter):
        """A Text is verb in the language of the call, wherever it stands in enter."""
        assert spanish(a=State(enter)).heard[-1] == "Hola."

    def test_a_text_is_translated_inside_ask_and_menu(self, spanish):
        """A Text inside ask or Menu is translated."""
        assert spanish(a=State(ask(Text("Hello.")), Routes({"1": None}))).heard == ["Hola."]
        assert spanish(a=State(Menu(Text("Hello."), repeat=None))).heard == ["Hola.", "No hay opciones."]

    def test_a_plain_string_is_not_translated(self, spanish):
        """Only a Text is translated, not a plain string."""
        assert spanish(a=State("Hello.")).heard == ["Hello."]

    def test_values_are_filled_in_after_the_translation(self, spanish):
        """Placeholders are filled in after the translation, and a Text among the values is translated too."""
        assert spanish(a=State(Text("Ask for {who}.", who=Text("Ann")))).heard == ["Pregunte por Ana."]
        assert spanish(a=State(Text("Ask for {who}.", who=7))).heard == ["Pregunte por 7."]

    def test_a_text_without_a_translation_is_said_as_written(self, spanish):
        """A Text without a translation is verb as it is written."""
        assert spanish(a=State(Text("Good day."))).heard == ["Good day."]

    def test_the_prompts_of_a_goto_are_translated(self, spanish):
        """The prompts of a Goto are translated, both in a table and from a function."""
        assert spanish(a=State(ask("?"), Routes({"1": Goto(None, say=Text("Bye."))}))).press("1").heard == ["Chao."]

        @leads_to(None)
        def leave(call):
            return Goto(None, say=Text("Ask for {who}.", who=call.digits))

        assert spanish(a=State(ask("?"), leave)).press("4").heard == ["Pregunte por 4."]

    def test_a_menu_is_read_in_the_language_of_the_call(self, spanish):
        """Label, sentence and phrases of an option are translated as texts of its state."""
        caller = spanish(
            a=State(Menu()),
            b=State("B.", options=MenuOption("1", Text("sales"), phrases=(Text("sales"),), menu="a")),
            c=State("C.", options=MenuOption("2", "x", sentence=Text("Hello."), menu="a")),
        )
        assert caller.heard == ["Para ventas, marque uno.", "Hola.", "Otra vez: nueve."]
        assert 'hints="ventas"' in caller.xml
        assert caller.says("Ventas.").heard == ["B."]

    def test_only_phrases_of_the_calls_language_match(self, spanish):
        """A phrase in another language than the call's is a wrong choice."""
        caller = spanish(
            a=State(Menu()), b=State("B.", options=MenuOption("1", "x", phrases=(Text("sales"),), menu="a"))
        )
        assert caller.says("sales").heard[0] == "No es una opción."

    def test_the_cores_sentences_are_translated(self, spanish):
        """Apology, goodbye, wrong choice and not connected are verb in the language of the call."""

        def broken(call):
            raise ValueError

        assert spanish(a=State(ask("?"), Routes({"1": None}))).press("1").heard == ["Adiós."]
        assert spanish(a=State(ask("?"), Routes({"1": None}))).press("5").heard == ["No es una opción.", "?"]
        assert spanish(a=State(broken, on_error="first")).heard == ["Algo salió mal.", "?"]
        busy = spanish(a=State(Dial("+15550100"), Routes({"answered": None}))).dials("busy")
        assert busy.heard == ["No contestan.", "?"]

    def test_a_plugin_can_say_a_sentence_of_the_core(self, spanish):
        """A plugin's Text that is a sentence of the core has the core's translations."""
        assert spanish(a=State(Text(Texts.goodbye))).heard == ["Adiós."]

    def test_text_overrides_win(self, spanish):
        """A team's texts win over translations, also for plain strings, but only in their state."""
        overrides = {"a": {"Hello.": "Buenas.", "Plain.": "Sencillo.", "Ask for {who}.": "{who}, por favor."}}
        assert spanish(overrides, a=State(["Plain.", Text("Hello.")])).heard == ["Sencillo.", "Buenas."]
        assert spanish(overrides, a=State(Text("Ask for {who}.", who=Text("Ann")))).heard == ["Ana, por favor."]
        assert spanish(overrides, a=State("A.", "b"), b=State(["Plain.", Text("Hello.")])).heard == [
            "A.",
            "Plain.",
            "Hola.",
        ]

    def test_equal_values_of_different_form_are_not_mixed_up(self, call):
        """5 and 5.00 are equal in Python, but each caller hears the value in its own form."""
        filled = iter((5, Decimal("5.00"), True))
        caller = call(a=State(lambda call: ask(Text("You owe {x}.", x=next(filled))), Routes({"1": SAME})))
        assert [caller.heard, caller.press("1").heard, caller.press("1").heard] == [
            ["You owe 5."],
            ["You owe 5.00."],
            ["You owe True."],
        ]

    def test_two_phrases_with_one_translation_are_refused(self, tree):
        """Two options must not have the same phrase in any language."""
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

    def test_a_text_that_is_set_to_nothing_is_left_out(self, spanish):
        """A text with an empty translation is left out, without an empty Say."""
        overrides = {"a": {"Hello.": ""}}
        assert spanish(overrides, a=State(["A.", Text("Hello.")])).heard == ["A."]
        assert spanish(overrides, a=State(["A.", Say("Hello.")])).heard == ["A."]
        assert spanish(overrides, a=State(ask("Hello.", "?"), Routes({"1": None}))).heard == ["?"]

    def test_texts_between_ssml_elements_are_translated(self, spanish):
        """Each text inside a Say is translated by itself."""
        say = Say(Text("Hello."))
        say.break_(time="1s")
        say.append(Text("Bye."))
        assert 'es-MX">Hola.<break time="1s" />Chao.</Say>' in spanish(a=State(say)).xml


class TestVoice:
    """Voice and language of the verbs."""

    def test_each_language_has_its_voice(self, spanish):
        """A Say gets the voice of the language that it is in."""
        assert '<Say voice="Polly.Mia" language="es-MX">A.</Say>' in spanish(voice="Polly.Mia", a=State("A.")).xml

    def test_a_state_can_have_its_own_voice(self, spanish):
        """The voice of a state holds in every language."""
        assert '<Say voice="Polly.Andres" language="es-MX">A.</Say>' in spanish(a=State("A.", voice="Polly.Andres")).xml

    def test_a_state_can_have_its_own_language(self, call):
        """A state with a language is translated into that one, and the call's language stays."""
        hello = State(ask(Text("Hello.")), Routes({"1": None}), language="es-MX")
        caller = call(a=hello, languages=languages(voice="Polly.Mia"))
        assert '<Say voice="Polly.Mia" language="es-MX">Hola.</Say>' in caller.xml
        assert caller.session.language == "en-US"
        assert caller.press("1").heard == ["Goodbye."]

    def test_the_language_of_a_state_can_be_unknown_to_the_flow(self, call):
        """A state can have a language without translations. Its texts are verb as they are written."""
        assert call(a=State(Text("Bonjour."), language="fr-FR"), voice="Polly.Joanna").xml == (
            '<Say language="fr-FR">Bonjour.</Say><Hangup />'
        )

    def test_speech_is_recognised_in_the_language_of_the_call(self, spanish):
        """A Gather that listens to speech has the language of the call."""
        assert (
            'language="es-MX"'
            in spanish(a=State(ask("?", input="speech"), leads_to(SAME)(print))).xml.partition("<Say")[0]
        )

    @pytest.mark.parametrize(("name", "example"), [("voice", "Polly.Mia"), ("language", "es-MX")])
    def test_an_invalid_voice_or_language_is_refused(self, name, example):
        """A voice or language that is not a text raises an error where it is written."""
        for value in (5, "", " "):
            with pytest.raises(FlowError) as caught:
                State("A.", **{name: value})
            assert caught.value.message == f"{name} of a State must be a text, not {value!r}"
            assert caught.value.hint == f'write {name}="{example}"'


class TestChange:
    """Changes of a call's language."""

    def test_a_goto_changes_the_language(self, spanish):
        """A Goto with a language changes it for its own prompts and for the rest of the call."""
        seen = []

        def look(call):
            seen.append(call.language)
            return ask(Text("Hello."))

        caller = spanish(a=State(look, Routes({"1": Goto("a", say=Text("Bye."), language="en-US")})))
        assert (caller.heard, caller.session.language) == (["Hola."], "es-MX")
        assert caller.press("1").heard == ["Bye.", "Hello."]
        assert seen == ["es-MX", "en-US"]

    def test_the_closest_language_is_chosen(self, call):
        """The language ``es`` chooses the flow's only Spanish."""
        first = State(ask("?"), Routes({"1": Goto("a", language="es")}))
        caller = call(first=first, a=State(Text("Hello.")), languages=languages()).press("1")
        assert (caller.heard, caller.session.language) == (["Hola."], "es-MX")

    def test_a_goto_from_a_function_changes_the_language(self, call):
        """A function exit changes the language by the Goto that it returns."""

        @leads_to("a")
        def choose(call):
            return Goto("a", language="es-MX")

        assert call(first=State(ask("?"), choose), a=State(Text("Hello.")), languages=languages()).press("1").heard == [
            "Hola."
        ]

    def test_an_unknown_language_from_a_function_is_a_failure(self, call):
        """A function that returns a Goto with an unknown language has failed."""

        @leads_to(SAME)
        def choose(call):
            return Goto(SAME, language="fr-FR")

        caller = call(a=State(ask("?"), choose)).press("1")
        (error,) = [each.error for each in caller.last.events if each.name == "failed"]
        assert error.message == "the language of its exit must be one of en-US, not 'fr-FR'"
        assert error.hint == "add it in ivrkit.toml:  languages = [...]"
        assert caller.heard[0] == "We are sorry, something went wrong."

    def test_an_unknown_language_in_a_table_is_a_problem(self, tree):
        """A table with an unknown language is refused at start."""
        with pytest.raises(LoadError) as caught:
            tree(a=State(ask("?"), Routes({"1": Goto(HOME, language="fr-FR")})))
        (problem,) = caught.value.problems
        assert (
            problem.message
            == "state 'a' of test-states 1.0: the language of the row '1' must be one of en-US, not 'fr-FR'"
        )
        assert problem.hint == "add it in ivrkit.toml:  languages = [...]"

    @pytest.mark.parametrize("language", [5, "", " "])
    def test_an_invalid_language_of_a_goto_is_refused(self, language):
        """A language of a Goto that is not a text raises an error where it is written."""
        with pytest.raises(FlowError) as caught:
            Goto("a", language=language)
        assert caught.value.message == f"the language of Goto('a') must be a text, not {language!r}"
        assert caught.value.hint == 'write a language tag such as "es-MX"'

    def test_a_deploy_can_remove_the_language_of_a_call(self, call):
        """If a deploy removes the language of a call, the call goes on in the default language."""
        caller = call(a=State(ask(Text("Hello.")), Routes({"1": None})), languages=languages())
        caller.session.language = "fr-FR"
        assert caller.stays_silent().heard == ["Hello."]
        assert caller.session.language == "en-US"

    def test_the_repr_of_a_goto(self):
        """The repr of a Goto is the code that makes it, without defaults."""
        assert repr(Goto("a", language="es-MX")) == "Goto('a', language='es-MX')"
        assert repr(Goto(HOME, say="Hi.")) == "Goto(HOME, say=('Hi.',))"
        assert repr(Goto(None)) == "Goto(None)"


class TestStartupWarnings:
    """The startup warnings about languages."""

    def test_missing_translations_are_a_warning(self, tree):
        """Each state has one warning per language, with one missing text and the number of others."""
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

    def test_an_unused_text_override_is_a_warning(self, tree):
        """A text override for a text that the state does not say is a warning, unless a function may say it."""
        overrides = {
            "a": {"Helo.": "Buenas.", "Hello.": "Buenas.", Texts.wrong_choice: "No."},
            "b": {"Helo.": "Buenas."},
        }
        flow = tree(a=State(Text("Hello.")), b=State(lambda call: "B."), languages=languages(overrides))
        assert tuple(map(str, flow.startup_warnings)) == (
            (
                "state 'a' of test-states 1.0 does not say 'Helo.', did you mean 'Hello.'?"
                "\n  hint: correct or remove it in ivrkit.toml:  [states.a.texts]"
            ),
        )

    def test_texts_that_need_no_translation(self, tree):
        """English, the sentences of the core and overridden texts need no translation."""
        overrides = {"a": {"Day.": "Día."}}
        assert (
            tree(
                a=State([Text("Hello."), Text(Texts.goodbye), Text("Day.")]), languages=languages(overrides)
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
def test_the_closest_tag(tag, tags, found):
    """The closest tag is the equal one, else one of the same language, else None."""
    assert closest_tag(tag, tags) == found
    assert base_language(tag) == tag[:2]


def test_names_are_not_translated(call):
    """The name of a queue, a number or a client is not translated, even if a text override is equal to it."""
    overrides = {"a": {"support": "soporte", "ann": "ana"}}
    dial = Dial()
    dial.client("ann")
    for verb, rendered in ((Enqueue("support"), ">support</Enqueue>"), (dial, ">ann</Client>")):
        state = State(["support", verb], Routes({}))
        xml = call(a=state, language="es-MX", languages=(Language("es-MX", text_overrides=overrides),)).xml
        assert ">soporte</Say>" in xml
        assert rendered in xml
