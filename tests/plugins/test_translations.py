"""Translations in the PO files of packages, and languages made from translations and settings."""

import sys
from datetime import UTC, datetime
from types import ModuleType
from xml.etree import ElementTree

import pytest

from ivrkit import LoadError, Owner, Settings, State, Text, Texts, hookimpl
from ivrkit.errors import IvrkitError, Problems
from ivrkit.flow.model.call import make_call
from ivrkit.plugins.languages import make_languages
from ivrkit.plugins.load import load
from ivrkit.plugins.translations import PluginTranslations, read_po_file
from ivrkit.settings import StateSettings

pytestmark = pytest.mark.usefixtures("core_only")

PO_HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
CALL = make_call({}, now=datetime(2026, 1, 1, tzinfo=UTC), language="es-MX", turn=1, data={"n": "12"})
SPANISH_HELLO = 'msgid "Hello, {name}."\nmsgstr "Hola, {name}."\n'
HELLO_MODULE = "from ivrkit import Text, State\nhello = State(Text('Hello, {name}.', name='Ann'))\n"


@pytest.fixture
def install_package(install, monkeypatch):
    """Return a function that installs a package with a state ``hello`` and with PO files.

    The function takes the content of each PO file under the name of its folder in ``locale``.
    """
    for name in ("hello_states", "hello_states.hello"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def install_package(**po_files):
        folder = install("hello-states", states={"hello": "hello_states.hello:hello"})
        (folder / "hello_states").mkdir()
        (folder / "hello_states" / "__init__.py").write_text("")
        (folder / "hello_states" / "hello.py").write_text(HELLO_MODULE)
        for name, content in po_files.items():
            messages = folder / "hello_states" / "locale" / name / "LC_MESSAGES"
            messages.mkdir(parents=True)
            content = content if isinstance(content, bytes) else (PO_HEADER + content).encode()
            (messages / "messages.po").write_bytes(content)
        return folder

    return install_package


def twiml_of(loaded, tag, state="hello"):
    """Return the TwiML of a state in a language."""
    return loaded.flow.states[state].localized[tag].content.xml.decode()


def test_a_po_file_translates_the_states_of_its_package(install_package):
    """The PO file in the folder ``locale`` of a package translates its states without further settings."""
    install_package(es=SPANISH_HELLO)
    loaded = load(Settings(languages=("es-MX",)))
    assert "Hello, Ann." in twiml_of(loaded, "en-US")
    assert "Hola, Ann." in twiml_of(loaded, "es-MX")
    assert tuple(map(str, loaded.startup_warnings)) == (
        "the menu 'menu' has no options: no installed plugin offers any",
    )


def test_ready_made_states_use_translations_of_the_package_and_of_the_core(install_package):
    """A ready-made state uses the translations of its package and, for texts of the core, those of the core."""
    folder = install_package(
        es='msgid "Number?"\nmsgstr "¿Número?"\n\nmsgid "One moment, please."\nmsgstr "Momento."\n'
    )
    (folder / "hello_states" / "hello.py").write_text(
        "from ivrkit import Text, states\n"
        "hello = states.question(Text('Number?'), digits=4, keep='n', confirm=True, then='desk')\n"
        "desk = states.transfer('+15550100', whisper=Text('Number?'), accept='12')\n"
    )
    entry_points = folder / "hello_states-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text("[ivrkit.states]\nhello = hello_states.hello:hello\ndesk = hello_states.hello:desk\n")
    loaded = load(Settings(languages=("es-MX",)))
    assert "¿Número?" in twiml_of(loaded, "es-MX")
    assert "Momento." in twiml_of(loaded, "es-MX", "desk")
    whisper = loaded.flow.states["desk"].localized["es-MX"].whisper.decode()
    assert "¿Número?" in whisper
    assert "Para aceptar la llamada, marque uno dos." in whisper
    confirm = loaded.flow.states["hello.confirm"]
    prompts = ElementTree.fromstring(confirm.render_enter(confirm.state.enter(CALL), confirm.localized["es-MX"]).xml)
    assert [each.text for each in prompts] == [
        "Usted ha marcado 1 2.",
        "Si es correcto, marque uno. Para marcarlo de nuevo, marque dos.",
    ]
    assert [each for each in loaded.startup_warnings if "no translation" in each.message] == []


@pytest.mark.parametrize("country_folder", ["es_MX", "es-MX"])
def test_the_translation_for_the_country_wins(install_package, country_folder):
    """A text in the translation for the country replaces the same text in the translation for the language."""
    install_package(**{"es": SPANISH_HELLO, country_folder: 'msgid "Hello, {name}."\nmsgstr "Qué tal, {name}."\n'})
    loaded = load(Settings(languages=("es-MX", "es-ES")))
    assert "Qué tal, Ann." in twiml_of(loaded, "es-MX")
    assert "Hola, Ann." in twiml_of(loaded, "es-ES")


def test_missing_translations_are_startup_warnings(install_package):
    """A text without a translation into one of the languages causes a startup warning."""
    install_package(es=SPANISH_HELLO)
    startup_warnings = [str(each) for each in load(Settings(languages=("de-DE",))).startup_warnings]
    assert "state 'hello' of hello-states 1.0 has no translation into de-DE of 'Hello, {name}.'" in startup_warnings
    assert (
        "the core has no translation into de-DE of 'Thank you for calling {company}.' and 21 more\n"
        "  hint: write [texts.de-DE] in ivrkit.toml" in startup_warnings
    )


def test_unsupported_entries_of_a_po_file_are_ignored(tmp_path):
    """The reader of PO files ignores fuzzy and empty entries, and entries with a plural or a context."""
    path = tmp_path / "messages.po"
    path.write_text(
        f'{PO_HEADER}#, fuzzy\nmsgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr ""\n\n'
        'msgctxt "verb"\nmsgid "e"\nmsgstr "E"\n\nmsgid "Press {"\nmsgstr "Marque {"\n\n'
        'msgid "c"\nmsgid_plural "cs"\nmsgstr[0] "C"\nmsgstr[1] "CS"\n\nmsgid "d"\nmsgstr "D"\n'
    )
    assert read_po_file(path) == {"Press {": "Marque {", "d": "D"}


QUOTES_HINT = 'write a keyword and a text in quotes, such as msgstr "Hola."; write \\" for a quote in the text'


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (b"\xff\xfe", "cannot be read: 'utf-8' codec can't decode byte 0xff", "write a PO file in UTF-8"),
        (b"nonsense\n", "messages.po:1: ", QUOTES_HINT),
        (
            (PO_HEADER + 'msgid "a"\n\nmsgstrr "b"\n').encode(),
            "messages.po:7: ",  # the reason is the text of the installed Babel
            QUOTES_HINT,
        ),
        (
            (PO_HEADER + 'msgid "Goodbye."\nmsgstr "Adi\u00f3s.\n').encode(),
            """messages.po:6: its text must be in quotes, not 'msgstr "Adi\u00f3s.'""",
            QUOTES_HINT,
        ),
        (
            (PO_HEADER + 'msgid Goodbye.\nmsgstr "Adios."\n').encode(),
            "messages.po:5: its text must be in quotes, not 'msgid Goodbye.'",
            QUOTES_HINT,
        ),
        (
            (PO_HEADER + 'msgid "a"\nmsgstr ""\n"the "key""\n').encode(),
            """messages.po:7: its text must be in quotes, not '"the "key""'""",
            QUOTES_HINT,
        ),
        (
            (PO_HEADER.replace("utf-8", "klingon") + SPANISH_HELLO).encode(),
            "cannot be read: unknown encoding",
            "write a PO file in UTF-8",
        ),
        (
            (PO_HEADER + 'msgid "Hello, {name}."\nmsgstr "Hola, {nombre}."\n').encode(),
            "messages.po:5: its translation must have only the placeholder {name}, not 'Hola, {nombre}.'",
            "leave out other placeholders; write {{ for a brace",
        ),
    ],
)
def test_an_invalid_po_file_is_a_problem(install_package, content, message, hint):
    """An invalid PO file is a problem whose message names the plugin, the file and the line of an invalid entry."""
    folder = install_package(es=content)
    with pytest.raises(LoadError) as caught:
        load(Settings(languages=("es-MX",)))
    (problem,) = caught.value.problems
    assert problem.owner == "hello-states"
    assert problem.located_message.startswith("plugin hello-states 1.0: ")
    assert str(folder) in problem.located_message
    assert message in problem.located_message
    assert problem.hint == f'{hint}; or leave it out: block = ["hello-states"] in ivrkit.toml, or --block hello-states'


def test_quotes_and_comments_in_a_po_file_are_read(tmp_path):
    """The reader of PO files reads texts of several lines, escaped quotes, comments and obsolete entries."""
    path = tmp_path / "messages.po"
    path.write_text(
        f'{PO_HEADER}# the "menu\n#: menu.py:1\nmsgid "The \\"menu\\"."\nmsgstr ""\n"El "\n"\\"menu\\"."\r\n\n'
        '#~ msgid "old"\n#~ msgstr "viejo\n'
    )
    assert read_po_file(path) == {'The "menu".': 'El "menu".'}


def test_an_invalid_po_file_is_reported_once(install_package):
    """An invalid PO file for two countries is reported as one problem."""
    install_package(es=b"nonsense\n")
    with pytest.raises(LoadError) as caught:
        load(Settings(languages=("es-MX", "es-ES")))
    assert len(caught.value.problems) == 1


def test_a_folder_is_not_a_po_file(tmp_path):
    """The reader of PO files raises an error if the path is a folder."""
    with pytest.raises(IvrkitError, match="cannot be read: "):
        read_po_file(tmp_path)


def test_a_package_without_translations_is_not_a_problem():
    """A module without the folder ``locale``, or a name without a module, has no translations and causes no problem."""
    problems = Problems()
    packages = {Owner("a"): ["pytest_ivrkit"], Owner("b"): ["no_such_package"], Owner("c"): ["the host's own code"]}
    assert PluginTranslations(packages, problems).in_language("es") == {}
    assert not problems


def test_a_module_without_a_spec_has_no_translations(monkeypatch):
    """A module without a spec has no folder and therefore no translations."""
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    assert PluginTranslations({Owner("a"): ["made_by_hand"]}, Problems()).in_language("es") == {}


class TestLanguages:
    """The languages made from the settings."""

    def languages(self, **values):
        """Return the languages of the settings by tag, with the translations of the core."""
        settings = Settings(**values)
        text_overrides = {name: each.texts for name, each in settings.states.items()}
        translations = PluginTranslations({Owner("ivrkit"): ["ivrkit"]}, Problems())
        return {each.tag: each for each in make_languages(settings, translations, text_overrides)}

    def test_the_core_is_translated_into_spanish(self):
        """All texts of the core and all names of keys are translated into Spanish."""
        texts = self.languages(language="es-MX")["es-MX"].texts
        plain = Texts()
        assert texts.goodbye == "Adiós."
        assert all(getattr(texts, name) != getattr(plain, name) for name in vars(plain))
        assert all(texts.keys[key] != plain.keys[key] for key in plain.keys)

    def test_the_main_language_comes_first(self):
        """The language in the setting ``language`` comes first, and each language appears once."""
        assert list(self.languages(languages=("es-MX", "en-US", "es-MX"))) == ["en-US", "es-MX"]

    def test_texts_of_the_settings_win(self):
        """``[texts]`` for the main language and ``[texts.es]`` for Spanish replace the translations."""
        languages = self.languages(
            language="es-MX",
            languages=("en-GB", "es-ES"),
            texts=Texts(goodbye="Hasta luego.", keys={"1": "el uno"}),
            texts_in={"es": {"apology": "Perdón.", "keys": {"2": "el dos"}}, "en-GB": {"goodbye": "Cheerio."}},
        )
        mexican, british, european = (languages[tag].texts for tag in ("es-MX", "en-GB", "es-ES"))
        assert (mexican.goodbye, mexican.apology, mexican.spell_keys("123")) == (
            "Hasta luego.",
            "Perdón.",
            "el uno el dos tres",
        )
        assert (european.goodbye, european.apology, european.spell_keys("12")) == ("Adiós.", "Perdón.", "uno el dos")
        assert (british.goodbye, british.apology) == ("Cheerio.", Texts.apology)

    def test_the_core_states_say_the_texts_of_the_settings(self):
        """The states of the core say the texts of the settings instead of the translations."""
        for settings in ({"texts": Texts(greeting="Bienvenido.")}, {"texts_in": {"es": {"greeting": "Bienvenido."}}}):
            assert "Bienvenido." in twiml_of(load(Settings(language="es-MX", **settings)), "es-MX", "greeting")

    def test_tables_of_another_country_do_not_apply(self):
        """A language uses the tables of its country and of the language without a country, not of another country."""
        languages = self.languages(
            languages=("en-GB", "es-ES", "es-MX"),
            texts_in={"en-GB": {"goodbye": "Cheerio."}, "es-MX": {"goodbye": "Bye."}, "es": {"apology": "Perdón."}},
            voices={"en-GB": "Polly.Amy", "es": "Polly.Lucia", "es-MX": "Polly.Mia"},
            voice="Polly.Joanna",
            states={"menu": StateSettings(texts={"es-MX": {"A.": "1"}})},
        )
        assert [each.texts.goodbye for each in languages.values()] == ["Goodbye.", "Cheerio.", "Adiós.", "Bye."]
        assert [each.texts.apology for each in languages.values()][2:] == ["Perdón.", "Perdón."]
        assert [each.voice for each in languages.values()] == ["Polly.Joanna", "Polly.Amy", "Polly.Lucia", "Polly.Mia"]
        assert [each.text_overrides for each in languages.values()] == [{}, {}, {}, {"menu": {"A.": "1"}}]

    def test_the_setting_voice_is_only_for_the_main_language(self):
        """``voice`` applies to the main language in all countries; other languages get a voice from ``voices``."""
        languages = self.languages(
            voice="Polly.Joanna", languages=("en-GB", "es-MX", "de-DE"), voices={"es": "Polly.Mia"}
        )
        assert [each.voice for each in languages.values()] == ["Polly.Joanna", "Polly.Joanna", "Polly.Mia", None]

    def test_text_overrides_are_merged_by_language(self):
        """A text override for the country replaces that for the language, which replaces that for all languages."""
        texts = {"": {"A.": "1", "B.": "1", "C.": "1"}, "es": {"B.": "2", "C.": "2"}, "es-MX": {"C.": "3"}}
        languages = self.languages(languages=("es-MX",), states={"menu": StateSettings(texts=texts)})
        assert languages["en-US"].text_overrides == {"menu": {"A.": "1", "B.": "1", "C.": "1"}}
        assert languages["es-MX"].text_overrides == {"menu": {"A.": "1", "B.": "2", "C.": "3"}}

    def test_a_table_for_an_unknown_language_is_a_problem(self):
        """A table for a language outside the phone tree is a problem whose message suggests a similar language."""
        states = {"menu": StateSettings(texts={"": {"A.": "1"}, "fr": {"A.": "2"}})}
        with pytest.raises(LoadError) as caught:
            load(Settings(texts_in={"es": {"goodbye": "Adiós."}}, voices={"en-UK": "x", "dd": "y"}, states=states))
        hint = "add it in ivrkit.toml:  languages = [...]; or use one of: en-US"
        assert [(each.located_message, each.hint) for each in caught.value.problems] == [
            ("[texts.es] is for a language that the phone tree does not have", hint),
            ("[voices.en-UK] is for a language that the phone tree does not have, did you mean 'en-US'?", hint),
            ("[voices.dd] is for a language that the phone tree does not have", hint),
            ("[states.menu.texts.fr] is for a language that the phone tree does not have", hint),
        ]


def test_a_text_override_must_not_have_other_placeholders():
    """A text override with an unknown placeholder is a problem, but other braces in it are valid."""
    texts = {"": {"Ask for {who}.": "Ask {whom}.", "A {": "B {c}", "Plain.": "{x}"}}
    with pytest.raises(LoadError) as caught:
        load(Settings(states={"menu": StateSettings(texts=texts)}))
    misspelled, unknown = caught.value.problems
    assert misspelled.located_message == (
        "[states.menu.texts] the replacement for 'Ask for {who}.' must have only the placeholders {company} and {who}, "
        "not 'Ask {whom}.', did you mean 'who'?"
    )
    assert unknown.located_message == (
        "[states.menu.texts] the replacement for 'Plain.' must have only the placeholder {company}, not '{x}'"
    )
    assert {problem.hint for problem in caught.value.problems} == {"leave out other placeholders; write {{ for a brace"}


def test_a_plugin_object_can_use_translations_of_the_core():
    """A plugin object in the code of the host uses the translations of the texts of the core."""

    class Own:
        @hookimpl
        def ivrkit_register_states(self):
            return {"bye": State(Text(Texts.goodbye))}

    assert "Adiós." in twiml_of(load(Settings(languages=("es-MX",)), {"own": Own()}), "es-MX", "bye")


LISTENING = (
    "from ivrkit import HOME, MenuOption, State\n"
    "hello = State('Hello.', HOME, options=[MenuOption('5', 'it', phrases='it'), MenuOption('21', 'that')])\n"
)


def key_of(loaded, tag, speech):
    """Return the key that a caller says in the menu."""
    return loaded.flow.states["menu"].localized[tag].vocabulary.key_of(speech)


@pytest.mark.parametrize(
    ("speech", "key"),
    [
        ("cinco", "5"),
        ("Marque cinco.", "5"),
        ("El número cinco, por favor", "5"),
        ("veintiuno", "21"),
        ("veintiún", "21"),
        ("numero veintiun", "21"),
        ("opcion cinco", "5"),
        ("Seleccione cinco", "5"),
        ("dos uno", "21"),
        ("5", "5"),
        ("five", None),
        ("veintidós", None),
    ],
)
def test_keys_are_spoken_in_the_language_of_the_call(install_package, speech, key):
    """The Spanish words for keys are known in a Spanish call, and the English words are not."""
    folder = install_package()
    (folder / "hello_states" / "hello.py").write_text(LISTENING)
    loaded = load(Settings(languages=("es-MX",)))
    assert key_of(loaded, "es-MX", speech) == key
    assert key_of(loaded, "en-US", "twenty-one") == "21"


def test_a_package_brings_a_language(install_package):
    """A package translates the core's texts, the names of keys and the words for keys into a further language."""
    folder = install_package(
        de='msgid "Goodbye."\nmsgstr "Tschüss."\n\nmsgid "five"\nmsgstr "fünf"\n\n'
        'msgid "twenty-one"\nmsgstr "einundzwanzig"\n\nmsgid "our company"\nmsgstr "unsere Firma"\n',
        es='msgid "Goodbye."\nmsgstr "Chao."\n',
    )
    (folder / "hello_states" / "hello.py").write_text(LISTENING)
    loaded = load(Settings(languages=("de-DE", "es-MX")))
    assert (key_of(loaded, "de-DE", "fünf"), key_of(loaded, "de-DE", "einundzwanzig")) == ("5", "21")
    german, spanish = (loaded.flow.core_prompts[tag]["goodbye"].xml.decode() for tag in ("de-DE", "es-MX"))
    assert "Tschüss." in german
    # The core's own translation has priority.
    assert "Adiós." in spanish


def test_a_team_adds_words_for_keys(install_package):
    """A team adds words for keys in a table of its settings, and the other words stay."""
    folder = install_package()
    (folder / "hello_states" / "hello.py").write_text(LISTENING)
    texts_in = {"es": {"spoken_keys": {"5": "un quinto"}, "filler_words": "digo"}}
    loaded = load(Settings(languages=("es-MX",), texts=Texts(spoken_keys={"5": "high five"}), texts_in=texts_in))
    assert [key_of(loaded, "es-MX", words) for words in ("un quinto", "digo cinco", "veintiuno")] == ["5", "5", "21"]
    assert [key_of(loaded, "en-US", words) for words in ("high five", "five", "21")] == ["5", "5", "21"]
