"""The translations that packages bring, and the languages made from them and from the settings."""

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
def install_package(install, monkeypatch):
    """Return a function that installs a package with a state ``hello`` and PO files: folder -> content."""
    for name in ("hello_states", "hello_states.hello"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def install_package(**po_files):
        folder = install("hello-states", states={"hello": "hello_states.hello:hello"})
        (folder / "hello_states").mkdir()
        (folder / "hello_states" / "__init__.py").write_text("")
        (folder / "hello_states" / "hello.py").write_text(HELLO)
        for name, text in po_files.items():
            messages = folder / "hello_states" / "locale" / name / "LC_MESSAGES"
            messages.mkdir(parents=True)
            (messages / "messages.po").write_bytes(text if isinstance(text, bytes) else (HEAD + text).encode())
        return folder

    return install_package


def twiml_of(loaded, tag, state="hello"):
    """Return the TwiML of a state in a language."""
    return loaded.flow.states[state].localized[tag].content.xml.decode()


def test_a_po_file_translates_the_states_of_its_package(install_package):
    """A package with a PO file in its folder ``locale`` is translated without further settings."""
    install_package(es=HOLA)
    loaded = load(Settings(languages=("es-MX",)))
    assert "Hello, Ann." in twiml_of(loaded, "en-US")
    assert "Hola, Ann." in twiml_of(loaded, "es-MX")
    assert tuple(map(str, loaded.startup_warnings)) == (
        "the menu 'menu' has no options: no installed plugin offers any",
    )


def test_ready_made_states_use_both_translations(install_package):
    """Ready-made states of a package are translated by the package, and else by the core."""
    folder = install_package(
        es='msgid "Number?"\nmsgstr "¿Número?"\n\nmsgid "One moment, please."\nmsgstr "Momento."\n'
    )
    (folder / "hello_states" / "hello.py").write_text(
        "from ivrkit import Text, states\n"
        "hello = states.question(Text('Number?'), digits=4, keep='n', confirm=True, then='desk')\n"
        "desk = states.transfer('+15550100', whisper=Text('Number?'), accept='12')\n"
    )
    points = folder / "hello_states-1.0.dist-info" / "entry_points.txt"
    points.write_text("[ivrkit.states]\nhello = hello_states.hello:hello\ndesk = hello_states.hello:desk\n")
    loaded = load(Settings(languages=("es-MX",)))
    assert "¿Número?" in twiml_of(loaded, "es-MX")
    assert "Momento." in twiml_of(loaded, "es-MX", "desk")
    whisper = loaded.flow.states["desk"].localized["es-MX"].whisper.decode()
    assert "¿Número?" in whisper
    assert "Para aceptar la llamada, marque uno dos." in whisper
    confirm = loaded.flow.states["hello.confirm"]
    asked = ElementTree.fromstring(confirm.render_enter(confirm.state.enter(CALL), confirm.localized["es-MX"]).xml)
    assert [each.text for each in asked] == [
        "Usted ha marcado 1 2.",
        "Si es correcto, marque uno. Para marcarlo de nuevo, marque dos.",
    ]
    assert [each for each in loaded.startup_warnings if "no translation" in each.message] == []


@pytest.mark.parametrize("exact", ["es_MX", "es-MX"])
def test_the_translation_for_the_country_wins(install_package, exact):
    """A translation for the country replaces that for the language, text by text."""
    install_package(**{"es": HOLA, exact: 'msgid "Hello, {name}."\nmsgstr "Qué tal, {name}."\n'})
    loaded = load(Settings(languages=("es-MX", "es-ES")))
    assert "Qué tal, Ann." in twiml_of(loaded, "es-MX")
    assert "Hola, Ann." in twiml_of(loaded, "es-ES")


def test_missing_translations_are_startup_warnings(install_package):
    """A text without a translation is a startup warning."""
    install_package(es=HOLA)
    startup_warnings = [str(each) for each in load(Settings(languages=("de-DE",))).startup_warnings]
    assert "state 'hello' of hello-states 1.0 has no translation into de-DE of 'Hello, {name}.'" in startup_warnings
    assert (
        "the core has no translation into de-DE of 'Thank you for calling {company}.' and 16 more\n"
        "  hint: write [texts.de-DE] in ivrkit.toml" in startup_warnings
    )


def test_unfinished_entries_are_left_out(tmp_path):
    """Entries of a PO file that are fuzzy, empty, plural or have a context are left out."""
    path = tmp_path / "messages.po"
    path.write_text(
        f'{HEAD}#, fuzzy\nmsgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr ""\n\n'
        'msgctxt "verb"\nmsgid "e"\nmsgstr "E"\n\nmsgid "Press {"\nmsgstr "Marque {"\n\n'
        'msgid "c"\nmsgid_plural "cs"\nmsgstr[0] "C"\nmsgstr[1] "CS"\n\nmsgid "d"\nmsgstr "D"\n'
    )
    assert read_po_file(path) == {"Press {": "Marque {", "d": "D"}


@pytest.mark.parametrize(
    ("content", "message", "hint"),
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
def test_an_invalid_po_file_is_a_problem(install_package, content, message, hint):
    """An invalid PO file is a problem that names the plugin, the file, and the line of an invalid translation."""
    folder = install_package(es=content)
    with pytest.raises(LoadError) as caught:
        load(Settings(languages=("es-MX",)))
    (problem,) = caught.value.problems
    assert problem.owner == "hello-states"
    assert problem.located_message.startswith("plugin hello-states 1.0: ")
    assert str(folder) in problem.located_message
    assert message in problem.located_message
    assert problem.hint == f'{hint}; or leave it out: block = ["hello-states"] in ivrkit.toml, or --block hello-states'


def test_an_invalid_po_file_is_reported_once(install_package):
    """A PO file that is read for two countries is one problem."""
    install_package(es=b"nonsense\n")
    with pytest.raises(LoadError) as caught:
        load(Settings(languages=("es-MX", "es-ES")))
    assert len(caught.value.problems) == 1


def test_a_folder_is_not_a_po_file(tmp_path):
    """A folder in place of a PO file cannot be read."""
    with pytest.raises(IvrkitError, match="cannot be read: "):
        read_po_file(tmp_path)


def test_a_package_without_translations_is_not_a_problem():
    """A module without a folder, and a name that is not a module, have no translations and no problems."""
    problems = Problems()
    packages = {Owner("a"): ["pytest_ivrkit"], Owner("b"): ["no_such_package"], Owner("c"): ["the host's own code"]}
    assert PluginTranslations(packages, problems).in_language("es") == {}
    assert not problems


def test_a_module_without_a_spec_has_no_translations(monkeypatch):
    """A module that was made by hand has no spec, and so no translations."""
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    assert PluginTranslations({Owner("a"): ["made_by_hand"]}, Problems()).in_language("es") == {}


class TestLanguages:
    """The languages that the settings make."""

    def languages(self, **settings):
        """Return the languages of these settings by tag, with the translations of the core."""
        made = Settings(**settings)
        text_overrides = {name: each.texts for name, each in made.states.items()}
        found = make_languages(made, PluginTranslations({Owner("ivrkit"): ["ivrkit"]}, Problems()), text_overrides)
        return {each.tag: each for each in found}

    def test_the_core_is_translated_into_spanish(self):
        """All texts of the core and all names of keys are translated into Spanish."""
        texts = self.languages(language="es-MX")["es-MX"].texts
        plain = Texts()
        assert texts.goodbye == "Adiós."
        assert all(getattr(texts, name) != getattr(plain, name) for name in vars(plain))
        assert all(texts.keys[key] != plain.keys[key] for key in plain.keys)

    def test_the_main_language_comes_first(self):
        """The setting ``language`` comes first, and a language that is named twice is one."""
        assert list(self.languages(languages=("es-MX", "en-US", "es-MX"))) == ["en-US", "es-MX"]

    def test_texts_of_the_settings_win(self):
        """``[texts]`` is for the main language, ``[texts.es]`` for Spanish, and both win over translations."""
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

    def test_the_core_states_say_the_texts_of_the_settings(self):
        """The core's own states say the texts of the settings in place of the translations."""
        for settings in ({"texts": Texts(greeting="Bienvenido.")}, {"texts_in": {"es": {"greeting": "Bienvenido."}}}):
            assert "Bienvenido." in twiml_of(load(Settings(language="es-MX", **settings)), "es-MX", "greeting")

    def test_tables_of_another_country_do_not_apply(self):
        """A language uses the tables of its own country and of the language, not those of another country."""
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

    def test_a_voice_is_for_its_language(self):
        """The setting ``voice`` is for the main language; another language has a voice only by the table ``voices``."""
        found = self.languages(voice="Polly.Joanna", languages=("en-GB", "es-MX", "de-DE"), voices={"es": "Polly.Mia"})
        assert [each.voice for each in found.values()] == ["Polly.Joanna", "Polly.Joanna", "Polly.Mia", None]

    def test_text_overrides_are_merged_by_language(self):
        """Text overrides of a state are merged: for all languages, then for the language, then for the country."""
        texts = {"": {"A.": "1", "B.": "1", "C.": "1"}, "es": {"B.": "2", "C.": "2"}, "es-MX": {"C.": "3"}}
        found = self.languages(languages=("es-MX",), states={"menu": StateSettings(texts=texts)})
        assert found["en-US"].text_overrides == {"menu": {"A.": "1", "B.": "1", "C.": "1"}}
        assert found["es-MX"].text_overrides == {"menu": {"A.": "1", "B.": "2", "C.": "3"}}

    def test_a_table_for_an_unknown_language_is_a_problem(self):
        """A table for a language that the phone tree does not have is a problem with the most similar language."""
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


def test_a_text_override_must_not_have_other_placeholders():
    """A text override with an unknown placeholder is a problem; braces that are not placeholders are kept."""
    texts = {"": {"Ask for {who}.": "Ask {whom}.", "A {": "B {c}", "Plain.": "{x}"}}
    with pytest.raises(LoadError) as caught:
        load(Settings(states={"menu": StateSettings(texts=texts)}))
    (problem,) = caught.value.problems
    assert problem.located_message == (
        "[states.menu.texts] the replacement for 'Ask for {who}.' must have only the placeholder {who}, "
        "not 'Ask {whom}.'"
    )
    assert problem.hint == "leave out other placeholders; write {{ for a brace"


def test_a_plugin_object_can_use_translations_of_the_core():
    """A plugin object of the host's own code has no translations, but can use texts of the core."""
    from ivrkit import hookimpl

    class Own:
        @hookimpl
        def ivrkit_register_states(self):
            return {"bye": State(Text(Texts.goodbye))}

    assert "Adiós." in twiml_of(load(Settings(languages=("es-MX",)), {"own": Own()}), "es-MX", "bye")
