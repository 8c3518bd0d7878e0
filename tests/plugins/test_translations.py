"""Translations that packages bring, and the languages that are made of them and of the settings."""

import sys
from datetime import UTC, datetime
from types import ModuleType
from xml.etree import ElementTree

import pytest

from ivrkit import LoadError, Owner, Settings, State, Text, Texts
from ivrkit.errors import IvrkitError, Problems
from ivrkit.flow.model.call import make_call
from ivrkit.plugins.languages import make_languages
from ivrkit.plugins.load import load
from ivrkit.plugins.translations import PluginTranslations, read_po_file
from ivrkit.settings import StateSettings

pytestmark = pytest.mark.usefixtures("core_only")

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
CALL = make_call({}, now=datetime(2026, 1, 1, tzinfo=UTC), language="es-MX", turn=1, data={"n": "12"})
HOLA = 'msgid "Hello, {name}."\nmsgstr "Hola, {name}."\n'
HELLO = "from ivrkit import Text, State\nhello = State(Text('Hello, {name}.', name='Ann'))\n"


@pytest.fixture
def package(install, monkeypatch):
    """Return what installs a package with a state ``hello`` and catalogues, each by its folder and words."""
    for name in ("hello_states", "hello_states.hello"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def make(**catalogues):
        folder = install("hello-states", states={"hello": "hello_states.hello:hello"})
        (folder / "hello_states").mkdir()
        (folder / "hello_states" / "__init__.py").write_text("")
        (folder / "hello_states" / "hello.py").write_text(HELLO)
        for name, text in catalogues.items():
            place = folder / "hello_states" / "locale" / name / "LC_MESSAGES"
            place.mkdir(parents=True)
            (place / "messages.po").write_bytes(text if isinstance(text, bytes) else (HEAD + text).encode())
        return folder

    return make


def said(loaded, tag, state="hello"):
    """Return what a state says in a language."""
    return loaded.flow.states[state].localized[tag].content.xml.decode()


def test_a_packages_own_catalogue(package):
    """Its folder ``locale`` is all that it takes."""
    package(es=HOLA)
    loaded = load(Settings(languages=("es-MX",)))
    assert "Hello, Ann." in said(loaded, "en-US")
    assert "Hola, Ann." in said(loaded, "es-MX")
    assert tuple(map(str, loaded.startup_warnings)) == (
        "the menu 'menu' has no options: no installed plugin offers any",
    )


def test_ready_made_kinds_in_a_package_with_a_catalogue(package):
    """Its own words are the package's, and the kind's are the core's where the package has none for them."""
    folder = package(es='msgid "Number?"\nmsgstr "¿Número?"\n\nmsgid "One moment, please."\nmsgstr "Momento."\n')
    (folder / "hello_states" / "hello.py").write_text(
        "from ivrkit import Text, states\n"
        "hello = states.question(Text('Number?'), digits=4, keep='n', confirm=True, then='desk')\n"
        "desk = states.transfer('+15550100', whisper=Text('Number?'), accept='12')\n"
    )
    points = folder / "hello_states-1.0.dist-info" / "entry_points.txt"
    points.write_text("[ivrkit.states]\nhello = hello_states.hello:hello\ndesk = hello_states.hello:desk\n")
    loaded = load(Settings(languages=("es-MX",)))
    assert "¿Número?" in said(loaded, "es-MX")
    assert "Momento." in said(loaded, "es-MX", "desk")
    whisper = loaded.flow.states["desk"].localized["es-MX"].whisper.decode()
    assert "¿Número?" in whisper
    assert "Para aceptar la llamada, marque uno dos." in whisper
    part = loaded.flow.states["hello.confirm"]
    asked = ElementTree.fromstring(part.render_enter(part.state.enter(CALL), part.localized["es-MX"]).xml)
    assert [each.text for each in asked] == [
        "Usted ha marcado 1 2.",
        "Si es correcto, marque uno. Para marcarlo de nuevo, marque dos.",
    ]
    assert [each for each in loaded.startup_warnings if "no words" in each.message] == []


@pytest.mark.parametrize("exact", ["es_MX", "es-MX"])
def test_the_catalogue_of_the_country_wins(package, exact):
    """Over that of the language, sentence by sentence."""
    package(**{"es": HOLA, exact: 'msgid "Hello, {name}."\nmsgstr "Qué tal, {name}."\n'})
    loaded = load(Settings(languages=("es-MX", "es-ES")))
    assert "Qué tal, Ann." in said(loaded, "es-MX")
    assert "Hola, Ann." in said(loaded, "es-ES")


def test_what_is_not_translated_is_told(package):
    """The host warns when it starts; nothing is said twice."""
    package(es=HOLA)
    startup_warnings = [str(each) for each in load(Settings(languages=("de-DE",))).startup_warnings]
    assert "state 'hello' of hello-states 1.0 has no translation into de-DE of 'Hello, {name}.'" in startup_warnings
    assert (
        "the core has no translation into de-DE of 'Thank you for calling {company}.' and 16 more\n"
        "  hint: write [texts.de-DE] in ivrkit.toml" in startup_warnings
    )


def test_a_fuzzy_an_empty_and_a_plural_entry(tmp_path):
    """What a translator has not agreed to is not said; a sentence that is spoken has no plural."""
    path = tmp_path / "messages.po"
    path.write_text(
        f'{HEAD}#, fuzzy\nmsgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr ""\n\n'
        'msgctxt "verb"\nmsgid "e"\nmsgstr "E"\n\nmsgid "Press {"\nmsgstr "Marque {"\n\n'
        'msgid "c"\nmsgid_plural "cs"\nmsgstr[0] "C"\nmsgstr[1] "CS"\n\nmsgid "d"\nmsgstr "D"\n'
    )
    assert read_po_file(path) == {"Press {": "Marque {", "d": "D"}


@pytest.mark.parametrize(
    ("content", "told", "hint"),
    [
        (b"\xff\xfe", "cannot be read: 'utf-8' codec can't decode byte 0xff", "write a PO file in UTF-8"),
        (b"nonsense\n", "cannot be read:", "write a PO file in UTF-8"),
        (
            (HEAD.replace("utf-8", "klingon") + HOLA).encode(),
            "cannot be read: unknown encoding",
            "write a PO file in UTF-8",
        ),
        (
            (HEAD + 'msgid "Hello, {name}."\nmsgstr "Hola, {nombre}."\n').encode(),
            "messages.po:5: its translation must have only the placeholder {name}, not 'Hola, {nombre}.'",
            "leave out other placeholders; write {{ for a brace",
        ),
    ],
)
def test_a_catalogue_that_can_not_be_used(package, content, told, hint):
    """The plugin is named, the file, and the line of a sentence."""
    folder = package(es=content)
    with pytest.raises(LoadError) as caught:
        load(Settings(languages=("es-MX",)))
    (problem,) = caught.value.problems
    assert problem.owner == "hello-states"
    assert problem.located_message.startswith("plugin hello-states 1.0: ")
    assert str(folder) in problem.located_message
    assert told in problem.located_message
    assert problem.hint == f'{hint}; or leave it out: block = ["hello-states"] in ivrkit.toml, or --block hello-states'


def test_a_catalogue_for_two_countries_is_faulty_once(package):
    """It is read for each of them."""
    package(es=b"nonsense\n")
    with pytest.raises(LoadError) as caught:
        load(Settings(languages=("es-MX", "es-ES")))
    assert len(caught.value.problems) == 1


def test_a_catalogue_that_is_a_folder(tmp_path):
    """Told like any other that cannot be read."""
    with pytest.raises(IvrkitError, match="cannot be read: "):
        read_po_file(tmp_path)


def test_a_package_without_catalogues():
    """A module has no folder of its own, a name that is none has no module, and neither is a problem."""
    problems = []
    packages = {Owner("a"): ["pytest_ivrkit"], Owner("b"): ["no_such_package"], Owner("c"): ["the host's own code"]}
    assert PluginTranslations(packages, problems).in_language("es") == {}
    assert problems == []


def test_a_module_that_was_made_by_hand(monkeypatch):
    """It has no place, and so no catalogues."""
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    assert PluginTranslations({Owner("a"): ["made_by_hand"]}, []).in_language("es") == {}


class TestLanguages:
    """What the settings make of them."""

    def languages(self, **settings):
        """Return the languages of these settings, with the core's own catalogues."""
        made = Settings(**settings)
        own = {name: each.texts for name, each in made.states.items()}
        found = make_languages(made, PluginTranslations({Owner("ivrkit"): ["ivrkit"]}, Problems()), own)
        return {each.tag: each for each in found}

    def test_the_core_speaks_spanish(self):
        """Every sentence, and the word of every key."""
        texts = self.languages(language="es-MX")["es-MX"].texts
        plain = Texts()
        assert texts.goodbye == "Adiós."
        assert all(getattr(texts, name) != getattr(plain, name) for name in vars(plain))
        assert all(texts.keys[key] != plain.keys[key] for key in plain.keys)

    def test_the_flows_own_comes_first(self):
        """A language that is named twice is one."""
        assert list(self.languages(languages=("es-MX", "en-US", "es-MX"))) == ["en-US", "es-MX"]

    def test_the_teams_texts(self):
        """``[texts]`` is for the flow's own language, ``[texts.es]`` for Spanish, and both win over the catalogue."""
        found = self.languages(
            language="es-MX",
            languages=("en-GB", "es-ES"),
            texts=Texts(goodbye="Hasta luego.", keys={"1": "el uno"}),
            texts_in={"es": {"apology": "Perdón.", "keys": {"2": "el dos"}}, "en-GB": {"goodbye": "Cheerio."}},
        )
        mexican, british, european = (found[tag].texts for tag in ("es-MX", "en-GB", "es-ES"))
        assert (mexican.goodbye, mexican.apology, mexican.spell_keys("123")) == (
            "Hasta luego.",
            "Perdón.",
            "el uno el dos tres",
        )
        assert (european.goodbye, european.apology, european.spell_keys("12")) == ("Adiós.", "Perdón.", "uno el dos")
        assert (british.goodbye, british.apology) == ("Cheerio.", Texts.apology)

    def test_the_greeting_of_the_team_wins_over_the_catalogue(self):
        """The core's own states say what the team has in place of the core's sentences."""
        for settings in ({"texts": Texts(greeting="Bienvenido.")}, {"texts_in": {"es": {"greeting": "Bienvenido."}}}):
            assert "Bienvenido." in said(load(Settings(language="es-MX", **settings)), "es-MX", "greeting")

    def test_a_country_has_its_own_and_nobody_elses(self):
        """Tables of another country of the same language are not borrowed."""
        found = self.languages(
            languages=("en-GB", "es-ES", "es-MX"),
            texts_in={"en-GB": {"goodbye": "Cheerio."}, "es-MX": {"goodbye": "Bye."}, "es": {"apology": "Perdón."}},
            voices={"en-GB": "Polly.Amy", "es": "Polly.Lucia", "es-MX": "Polly.Mia"},
            voice="Polly.Joanna",
            states={"menu": StateSettings(texts={"es-MX": {"A.": "1"}})},
        )
        assert [each.texts.goodbye for each in found.values()] == ["Goodbye.", "Cheerio.", "Adiós.", "Bye."]
        assert [each.texts.apology for each in found.values()][2:] == ["Perdón.", "Perdón."]
        assert [each.voice for each in found.values()] == ["Polly.Joanna", "Polly.Amy", "Polly.Lucia", "Polly.Mia"]
        assert [each.text_overrides for each in found.values()] == [{}, {}, {}, {"menu": {"A.": "1"}}]

    def test_voices(self):
        """The voice is that of the flow's own language; another language has one only by the table."""
        found = self.languages(voice="Polly.Joanna", languages=("en-GB", "es-MX", "de-DE"), voices={"es": "Polly.Mia"})
        assert [each.voice for each in found.values()] == ["Polly.Joanna", "Polly.Joanna", "Polly.Mia", None]

    def test_the_words_of_a_state(self):
        """Those for every language, then the language's, then the country's."""
        texts = {"": {"A.": "1", "B.": "1", "C.": "1"}, "es": {"B.": "2", "C.": "2"}, "es-MX": {"C.": "3"}}
        found = self.languages(languages=("es-MX",), states={"menu": StateSettings(texts=texts)})
        assert found["en-US"].text_overrides == {"menu": {"A.": "1", "B.": "1", "C.": "1"}}
        assert found["es-MX"].text_overrides == {"menu": {"A.": "1", "B.": "2", "C.": "3"}}

    def test_tables_for_languages_that_there_are_not(self):
        """Each is a problem with the nearest language."""
        states = {"menu": StateSettings(texts={"": {"A.": "1"}, "fr": {"A.": "2"}})}
        with pytest.raises(LoadError) as caught:
            load(Settings(texts_in={"es": {"goodbye": "Adiós."}}, voices={"en-UK": "x", "dd": "y"}, states=states))
        spoken = "add it in ivrkit.toml:  languages = [...]; or use one of: en-US"
        assert [(each.located_message, each.hint) for each in caught.value.problems] == [
            ("[texts.es] is for a language that the phone tree does not have", spoken),
            ("[voices.en-UK] is for a language that the phone tree does not have, did you mean 'en-US'?", spoken),
            ("[voices.dd] is for a language that the phone tree does not have", spoken),
            ("[states.menu.texts.fr] is for a language that the phone tree does not have", spoken),
        ]


def test_words_of_the_team_with_a_place_that_nothing_fills_in():
    """Told at start, with the state; braces that are no places are said as they are."""
    texts = {"": {"Ask for {who}.": "Ask {whom}.", "A {": "B {c}", "Plain.": "{x}"}}
    with pytest.raises(LoadError) as caught:
        load(Settings(states={"menu": StateSettings(texts=texts)}))
    (problem,) = caught.value.problems
    assert problem.located_message == (
        "[states.menu.texts] the replacement for 'Ask for {who}.' must have only the placeholder {who}, "
        "not 'Ask {whom}.'"
    )
    assert problem.hint == "leave out other placeholders; write {{ for a brace"


def test_a_plugin_object_speaks_the_languages_of_the_core():
    """The host's own code has no catalogue, and may use the core's sentences."""
    from ivrkit import hookimpl

    class Own:
        @hookimpl
        def ivrkit_register_states(self):
            return {"bye": State(Text(Texts.goodbye))}

    assert "Adiós." in said(load(Settings(languages=("es-MX",)), {"own": Own()}), "es-MX", "bye")
