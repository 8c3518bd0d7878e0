"""``ivrkit new``: what is asked, what is refused, and what is in the new folder.

That the folder works as it is, tox and all, is shown in tests/scaffold.
"""

import ast
import configparser
import os
import pty
import re
import subprocess
import sys
import tomllib
from io import BytesIO
from pathlib import Path

import importlib_metadata
import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner
from jinja2 import UndefinedError

from ivrkit import IvrkitError
from ivrkit.cli.main import main
from ivrkit.cli.scaffold import answers
from ivrkit.cli.scaffold.templates import python_text, render, text_of, write

CHECKOUT = Path(__file__).parents[2]
SPANISH_AGAIN = "Para escuchar esto otra vez, marque uno. Para ir al menú, marque cualquier otra tecla o espere."
NAMES = ["plugin", "project"]

pytestmark = pytest.mark.once


@pytest.fixture
def typed():
    """Return the command with somebody at the keyboard."""
    return lambda keys, *arguments: CliRunner().invoke(main, ["new", *arguments], input=keys, catch_exceptions=False)


@pytest.fixture(autouse=True)
def git(tmp_path, monkeypatch):
    """Let git know one user, whoever runs the tests."""
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nname = Ann Author\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def files_of(folder):
    """Return the files of a folder, with slashes."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read(folder, *names):
    """Return what is in a file."""
    return folder.joinpath(*names).read_text(encoding="utf-8")


class TestPlugin:
    """What ``ivrkit new plugin`` asks, and what it makes of the answers."""

    def test_with_yes_nothing_is_asked(self, ivrkit, alone, folder):
        """Each answer has a default that makes a whole package; what to do next is told as commands."""
        done = ivrkit("new", "plugin", "parking-ivr", "--yes")
        assert done.exit_code == 0
        assert done.output == (
            "parking-ivr is there, with the state 'parking' on key 1 of the menu: 17 files.\n\n"
            "Next:\n\n"
            "  cd parking-ivr\n  pip install -e .\n  ivrkit phone\n  pip install tox tox-uv\n  tox\n\n"
            "README.md says how pip and tox find ivrkit while it is on no package index.\n"
        )
        assert files_of(folder / "parking-ivr") == {
            ".editorconfig",
            ".github/workflows/test.yml",
            ".gitignore",
            "CHANGELOG.md",
            "LICENSE",
            "README.md",
            "pyproject.toml",
            "src/parking_ivr/__init__.py",
            "src/parking_ivr/locale/es/LC_MESSAGES/messages.po",
            "src/parking_ivr/parking.py",
            "src/parking_ivr/py.typed",
            "src/parking_ivr/settings.py",
            "tests/check_wheel.py",
            "tests/test_languages.py",
            "tests/test_parking.py",
            "tests/test_settings.py",
            "tox.ini",
        }
        assert os.listdir(folder) == ["parking-ivr"]

    def test_every_question_has_a_default_in_brackets(self, typed, alone, folder):
        """Enter takes it; the languages are asked for one by one."""
        done = typed("\n" * 8, "plugin", "ivr-parking-lot")
        assert done.output.startswith(
            "The name of its state [parking-lot]: \n"
            "Its key in the menu [1]: \n"
            "What the menu calls it [parking lot]: \n"
            "What a caller hears there [You have reached parking lot.]: \n"
            "Whose it is [Ann Author]: \n"
            "Languages besides English [es]: \n"
            "What the menu calls it in es [parking lot]: \n"
            "What a caller hears there in es [Se ha comunicado con parking lot.]: \n"
            "ivr-parking-lot is there, "
        )

    def test_a_bad_answer_is_told_with_the_mend_and_asked_for_again(self, typed, alone, folder):
        """Nobody has to begin anew for one typing mistake."""
        done = typed("menu\nparking\nfive\n5\n" + "\n" * 6, "plugin", "parking-ivr")
        assert done.exit_code == 0
        assert done.output.startswith(
            "The name of its state [parking]: menu\n"
            "Error: the state 'menu' is ivrkit's own\n  hint: choose another name\n"
            "The name of its state [parking]: parking\n"
            "Its key in the menu [1]: five\n"
            "Error: 'five' is no key of a menu\n"
            "  hint: use digits and *, such as 4: # ends what is pressed in a menu\n"
            "Its key in the menu [1]: 5\n"
        )

    def test_what_is_given_is_not_asked(self, typed, alone, folder):
        """Each question has an option of its name; the rest is asked."""
        given = ["--state", "cars", "--key", "12", "--label", "your car", "--says", "It is here.", "--author", "Bo"]
        more = ["--languages", "es-MX, de", "--label-in", "es_MX=su auto", "--says-in", "es-MX=Está aquí."]
        done = typed("Ihr Auto\n\n", "plugin", "parking-ivr", *given, *more)
        assert done.output.startswith(
            "What the menu calls it in de [your car]: Ihr Auto\n"
            "What a caller hears there in de [It is here.]: \n"
            "parking-ivr is there, with the state 'cars' on key 12 of the menu: 18 files.\n"
            "Some of its words are still English in de: translate them in src/parking_ivr/locale.\n"
        )
        made = folder / "parking-ivr"
        code = read(made, "src/parking_ivr/cars.py")
        assert 'LABEL = Text("your car")\nSAYS = Text("It is here.")\n' in code
        assert "def cars(settings: CarsSettings) -> State:" in code
        assert 'MenuOption(key="12", label=LABEL)' in code
        assert '"For your car, press one two."' in read(made, "tests/test_cars.py")
        assert "Copyright (c) 20" in read(made, "LICENSE")
        assert read(made, "LICENSE").splitlines()[2].endswith(" Bo")
        assert catalogue(made, "parking_ivr", "es_MX") == {
            "your car": "su auto",
            "It is here.": "Está aquí.",
            "To hear this again, press one. For the menu, press any other key, or just wait.": SPANISH_AGAIN,
        }
        assert catalogue(made, "parking_ivr", "de")["your car"] == "Ihr Auto"

    def test_without_other_languages_there_is_no_test_of_them(self, ivrkit, alone, folder):
        """What nobody asked for is not there to be deleted."""
        assert ivrkit("new", "plugin", "parking-ivr", "--yes", "--languages", "none").exit_code == 0
        made = files_of(folder / "parking-ivr")
        assert not [name for name in made if "locale" in name or "languages" in name]

    def test_the_proposed_key_is_free_in_the_tree_that_is_installed(self, ivrkit, alone, install, folder):
        """A new state does not take the key of another one."""
        code = "from ivrkit import MenuOption, State\n"
        code += 'one, two = State("1", options=MenuOption("1", "one")), State("2", options=MenuOption("21", "two"))\n'
        install("two-ivr", "1.0", "[ivrkit.states]\none = two_ivr:one\ntwo = two_ivr:two\n", two_ivr=code)
        assert "on key 3 of the menu" in ivrkit("new", "plugin", "parking-ivr", "--yes").output

    def test_the_proposed_key_is_four_where_nobody_can_tell(self, ivrkit, alone, folder):
        """A tree that can't be loaded keeps nobody from beginning a plugin."""
        (folder / "ivrkit.toml").write_text("tries = 0\n", encoding="utf-8")
        assert "on key 4 of the menu" in ivrkit("new", "plugin", "parking-ivr", "--yes").output

    @pytest.mark.parametrize("known", [False, True], ids=["without git", "whom git does not know"])
    def test_an_author_whom_nobody_knows(self, ivrkit, alone, folder, monkeypatch, known, tmp_path):
        """The plugin's contributors are its authors, until somebody says otherwise."""
        if known:
            monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        else:
            monkeypatch.setenv("PATH", str(tmp_path))
        ivrkit("new", "plugin", "parking-ivr", "--yes")
        project = tomllib.loads(read(folder / "parking-ivr", "pyproject.toml"))["project"]
        assert project["authors"] == [{"name": "parking-ivr contributors"}]

    def test_the_package_says_what_it_is(self, ivrkit, alone, folder):
        """Its entry point, what it needs, its types and its license are in what an installer reads."""
        ivrkit("new", "plugin", "Parking.IVR", "--yes", "--state", "Car-park", "--author", 'Ann "A" Author')
        made = folder / "parking-ivr"
        project = tomllib.loads(read(made, "pyproject.toml"))["project"]
        assert project["name"] == "parking-ivr"
        assert project["entry-points"] == {"ivrkit.states": {"Car-park": "parking_ivr.car_park:car_park"}}
        assert project["authors"] == [{"name": 'Ann "A" Author'}]
        assert [each.split(">=")[0] for each in project["dependencies"]] == ["ivrkit"]
        assert (project["license"], project["license-files"]) == ("MIT", ["LICENSE"])
        assert "| `Car-park` | 1 |" in read(made, "README.md")
        assert "- The state `Car-park`, on key 1 of the menu." in read(made, "CHANGELOG.md")
        assert "class CarParkSettings:" in read(made, "src/parking_ivr/settings.py")


class TestProject:
    """What ``ivrkit new project`` asks, and what it makes of the answers."""

    def test_with_yes_nothing_is_asked(self, ivrkit, folder):
        """Each answer has a default; what to do next is told as commands."""
        done = ivrkit("new", "project", "harbour-bikes", "--yes")
        assert done.exit_code == 0
        assert done.output == (
            "harbour-bikes is there, with a tree of Harbour Bikes: 13 files.\n\n"
            "Next:\n\n"
            "  cd harbour-bikes\n  python3 -m venv .venv\n  . .venv/bin/activate\n  pip install -r requirements.txt\n"
            "  ivrkit phone\n  pip install tox tox-uv\n  tox\n\n"
            "README.md says how pip and tox find ivrkit while it is on no package index.\n"
        )
        assert files_of(folder / "harbour-bikes") == {
            ".editorconfig",
            ".env.example",
            ".github/workflows/test.yml",
            ".gitignore",
            "CHANGELOG.md",
            "README.md",
            "harbour-bikes.flow.toml",
            "ivrkit.toml",
            "pyproject.toml",
            "requirements.txt",
            "states/hours.py",
            "tests/test_tree.py",
            "tox.ini",
        }

    def test_the_answers_are_settings(self, typed, folder):
        """What is refused is asked for again."""
        done = typed("Bikes & Co\nMars/Crater\nEurope/Madrid\nen-GB\nes-ES,ES-es, de-DE\n", "project", "harbour")
        assert done.output.startswith(
            "Who is called [Harbour]: Bikes & Co\n"
            "The time zone it is in [UTC]: Mars/Crater\n"
            "Error: 'Mars/Crater' is no time zone\n"
            "  hint: write one as the tz database has it, such as America/New_York\n"
            "The time zone it is in [UTC]: Europe/Madrid\n"
            "Languages besides English [none]: en-GB\n"
            "Error: 'en-GB' are no languages besides English\n"
            '  hint: write their tags, such as "es, de", or "none"\n'
            "Languages besides English [none]: es-ES,ES-es, de-DE\n"
        )
        settings = tomllib.loads(read(folder / "harbour", "ivrkit.toml"))
        assert settings == {
            "company": "Bikes & Co",
            "timezone": "Europe/Madrid",
            "language": "en-US",
            "languages": ["ES-es", "de-DE"],
            "plugins_dir": "states",
        }

    def test_no_secret_is_in_it_and_none_will_be(self, ivrkit, folder):
        """The file of secrets has no values, and git leaves the filled in one and the calls alone."""
        ivrkit("new", "project", "harbour", "--yes")
        example = read(folder / "harbour", ".env.example").splitlines()
        assert [line for line in example if not line.startswith("#")] == ["TWILIO_AUTH_TOKEN="]
        ignored = read(folder / "harbour", ".gitignore").splitlines()
        assert {".env", "*.sqlite3"} <= set(ignored)
        assert ".env.example" not in ignored

    def test_its_tree_is_called_as_it_is(self, ivrkit, make_phone, folder):
        """The states with code and those without are in one menu."""
        ivrkit("new", "project", "harbour", "--yes", "--company", "Bikes")
        phone = make_phone(plugins=[], settings_from=folder / "harbour")
        call = phone.call()
        assert call.heard.splitlines()[0] == "Thank you for calling Bikes."
        assert call.press("2").press("1").path == ["menu", "services", "repairs"]


class TestBoth:
    """What a plugin's folder and a project's have in common."""

    @pytest.mark.parametrize("kind", NAMES)
    def test_a_folder_that_holds_something_is_left_alone(self, ivrkit, folder, kind):
        """Nothing is written over, and no question is asked before that is told."""
        (folder / "parking-ivr").mkdir()
        (folder / "parking-ivr/notes.txt").write_text("Mine.", encoding="utf-8")
        done = ivrkit("new", kind, "parking-ivr")
        assert done.exit_code == 1
        assert done.output == (
            "Error: parking-ivr is a folder that is not empty, and nothing is written over\n"
            "  hint: choose another name, or remove it\n"
        )
        assert files_of(folder) == {"parking-ivr/notes.txt"}

    @pytest.mark.parametrize("kind", NAMES)
    def test_a_file_of_that_name_is_left_alone(self, ivrkit, folder, kind):
        """It is told as what it is."""
        (folder / "parking-ivr").write_text("Mine.", encoding="utf-8")
        done = ivrkit("new", kind, "parking-ivr", "--yes")
        assert done.output.startswith("Error: parking-ivr is a file, and nothing is written over\n")
        assert done.exit_code == 1

    @pytest.mark.parametrize("kind", NAMES)
    def test_an_empty_folder_is_filled(self, ivrkit, folder, kind):
        """Whoever made it first meant this."""
        (folder / "parking-ivr").mkdir()
        assert ivrkit("new", kind, "parking-ivr", "--yes").exit_code == 0
        assert (folder / "parking-ivr/tox.ini").is_file()

    def test_the_folder_is_like_any_other_that_its_owner_makes(self, ivrkit, folder):
        """It is not closed to others, as folders for passing files are."""
        ivrkit("new", "project", "harbour", "--yes")
        (folder / "usual").mkdir()
        assert (folder / "harbour").stat().st_mode == (folder / "usual").stat().st_mode

    @pytest.mark.parametrize("kind", NAMES)
    def test_the_tools_are_those_that_ivrkit_is_made_with(self, ivrkit, folder, kind):
        """The bounds of pytest, ruff, mypy, tox and the build are those of this checkout."""
        ivrkit("new", kind, "parking-ivr", "--yes")
        ours = read(CHECKOUT, "pyproject.toml") + read(CHECKOUT, "tox.ini")
        theirs = read(folder / "parking-ivr", "pyproject.toml") + read(folder / "parking-ivr", "tox.ini")
        bounds = set(re.findall(r"\b(?:pytest|ruff|mypy|tox|tox-uv|hatchling|time-machine|uv)>=[\d.,<]+", theirs))
        assert len(bounds) >= 5
        assert [each for each in bounds if each not in ours] == []

    @pytest.mark.parametrize("kind", NAMES)
    def test_every_file_can_be_read(self, ivrkit, folder, kind):
        """Python, TOML, catalogues and tox's settings parse; no line ends in a blank, and every file ends its line."""
        ivrkit("new", kind, "parking-ivr", "--yes")
        readers = {
            ".py": ast.parse,
            ".toml": tomllib.loads,
            ".po": lambda text: read_po(BytesIO(text.encode()), abort_invalid=True),
            ".ini": configparser.ConfigParser().read_string,
        }
        found = set()
        for name in sorted(files_of(folder / "parking-ivr")):
            text, suffix = read(folder / "parking-ivr", name), Path(name).suffix
            found.add(suffix)
            readers.get(suffix, str)(text)
            assert "{{" not in text.replace("${{", ""), name
            assert not re.search(r"[ \t]$", text, flags=re.MULTILINE), name
            assert name.endswith("py.typed") or re.search(r"[^\n]\n\Z", text), name
        assert readers.keys() - {".po"} <= found

    def test_all_files_are_written_or_none(self, tmp_path):
        """Where one of them can't be written, that is one message, and nothing is left of the others."""
        target = tmp_path / "made" / "harbour"
        target.parent.mkdir()
        with pytest.raises(IvrkitError) as refused:
            write(target, {"README.md": "Read me.\n", "a" * 300: "No file system has such a name."})
        assert refused.value.message == f"{target} can't be written: File name too long"
        assert refused.value.hint == "go to a folder in which you may write"
        assert os.listdir(target.parent) == []

    def test_a_template_that_asks_for_what_nobody_gives_makes_nothing(self, tmp_path):
        """A misspelt place is an error, never an empty word in somebody's file."""
        (tmp_path / "{{ name }}.txt.jinja").write_text("{{ nmae }}", encoding="utf-8")
        with pytest.raises(UndefinedError, match="nmae"):
            render(tmp_path, {"name": "harbour"})

    def test_other_commands_do_not_wait_for_templates(self):
        """Jinja is imported where a folder is made, and nowhere before."""
        code = "import sys, ivrkit.cli.new; sys.exit('jinja2' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


LONG = "a" * 41
NO_NAME = "use up to 40 letters and digits, with - between them, such as parking-ivr"
NO_STATE = "use up to 30 letters, digits, - and _, a letter first, such as parking"
NO_KEY = "use digits and *, such as 4: # ends what is pressed in a menu"
NO_WORDS = "write words on one line, without braces"
NO_LANGUAGES = 'write their tags, such as "es, de", or "none"'
UNIMPORTABLE = "choose a name that begins with a letter and is no word of Python's own, such as "


@pytest.mark.parametrize(
    ("read", "answer", "message", "hint"),
    [
        *[
            (answers.distribution, each, f"{each!r} is no name for a folder or a distribution", NO_NAME)
            for each in ("", "-ivr", "ivr-", "my plugin", "park/ivr", "../ivr", "straße", LONG)
        ],
        (answers.name, "a b", "'a b' is no name for a folder or a distribution", NO_NAME),
        (
            answers.distribution,
            "4you",
            "'4you' gives the package '4you', and Python can't import that",
            f"{UNIMPORTABLE}ivr-4you",
        ),
        (
            answers.distribution,
            "Import",
            "'Import' gives the package 'import', and Python can't import that",
            f"{UNIMPORTABLE}import-ivr",
        ),
        (
            answers.distribution,
            "email",
            "'email' gives the package 'email', which is in Python's standard library",
            "choose another name, such as email-ivr",
        ),
        *[
            (
                answers.distribution,
                each,
                f"{each!r} gives the package {each!r}, which is that of ivrkit or of tests",
                f"choose another name, such as {each}-ivr",
            )
            for each in ("ivrkit", "tests", "conftest")
        ],
        (
            answers.distribution,
            "pytest_ivrkit",
            "'pytest_ivrkit' gives the package 'pytest_ivrkit', which is that of ivrkit or of tests",
            "choose another name, such as pytest-ivrkit-ivr",
        ),
        (
            answers.distribution,
            "dotenv",
            "'dotenv' gives the package 'dotenv', which is that of python-dotenv, which is installed",
            "choose another name, such as dotenv-ivr",
        ),
        *[
            (answers.state, each, f"{each!r} is no name for a state", NO_STATE)
            for each in ("", "4you", "account.confirm", "car park", "_x", "a" * 31)
        ],
        (answers.state, "greeting", "the state 'greeting' is ivrkit's own", "choose another name"),
        *[
            (
                answers.state,
                each,
                f"the state {each!r} would be made by a function of that name, and the name is taken",
                f"choose another one, such as {each}-line",
            )
            for each in ("class", "Ask", "settings", "languages")
        ],
        *[(answers.key, each, f"{each!r} is no key of a menu", NO_KEY) for each in ("", "A", "#", "4#", "٤")],
        (
            answers.key,
            "91",
            "the key '91' begins with 9, which reads the menu again",
            "choose one that begins otherwise, such as 4",
        ),
        *[
            (answers.words, each, f"{each!r} is no line of words", NO_WORDS)
            for each in ("", "  ", "two\nlines", "a {place}", "a }", "\udce4")
        ],
        *[
            (answers.languages, each, f"{each!r} are no languages besides English", NO_LANGUAGES)
            for each in ("", "en", "es, EN-gb", "Spanish", "es,,de", "es de")
        ],
        (
            answers.zone,
            "Mars/Crater",
            "'Mars/Crater' is no time zone",
            "write one as the tz database has it, such as America/New_York",
        ),
        (answers.zone, "", "'' is no time zone", "write one as the tz database has it, such as America/New_York"),
    ],
)
def test_what_can_not_be_is_refused_with_the_mend(read, answer, message, hint):
    """Who, what was found, and what to write."""
    with pytest.raises(IvrkitError) as refused:
        read(answer)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_a_plugin_that_is_installed_may_be_begun_anew():
    """Its package is its own."""
    assert answers.distribution("Flask") == "flask"


@pytest.mark.parametrize(
    ("option", "given", "message"),
    [
        ("--label-in", "de=Parken", "--label-in 'de=Parken' is no language with its words"),
        ("--says-in", "es", "--says-in 'es' is no language with its words"),
        ("--says-in", "es=", "--says-in 'es=' is no language with its words"),
    ],
)
def test_a_translation_names_its_language(ivrkit, folder, option, given, message):
    """One for a language that is not among those that there are is told, and nothing is made."""
    done = ivrkit("new", "plugin", "parking-ivr", "--yes", option, given)
    assert (done.exit_code, done.output) == (
        1,
        f"Error: {message}\n  hint: write LANGUAGE=WORDS; the languages are: es\n",
    )
    assert os.listdir(folder) == []
    done = ivrkit("new", "plugin", "parking-ivr", "--yes", "--languages", "none", option, given)
    assert done.output.endswith("the languages are: none\n")


def test_a_language_goes_by_its_name(ivrkit, alone, folder):
    """As readers call it; one that nobody knows goes by its tag."""
    ivrkit("new", "plugin", "parking-ivr", "--yes", "--languages", "es,de-AT,qaa")
    assert "It speaks English, Spanish, German (Austria), qaa." in read(folder / "parking-ivr", "README.md")


def new_plugin(folder, stdin):
    """Start the command as a process of its own."""
    command = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "new", "plugin", "parking-ivr"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdin=stdin, stdout=pipe, stderr=pipe, text=True)


def test_questions_that_nobody_answers(tmp_path):
    """Of a job without a terminal, for one: it is told how to ask nothing."""
    with new_plugin(tmp_path, subprocess.PIPE) as process:
        _, told = process.communicate("parking\n", timeout=60)
    assert process.returncode == 1
    assert told.endswith("Error: nobody answers the questions\n  hint: take the defaults: --yes\n")
    assert not (tmp_path / "parking-ivr").exists()


def test_leaving_a_terminal_is_no_error_of_the_command(tmp_path):
    """Ctrl-D, as everywhere."""
    master, child = pty.openpty()
    with new_plugin(tmp_path, child) as process:
        os.close(child)
        os.write(master, b"\x04")
        _, told = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 1
    assert told.endswith("Aborted!\n")
    assert not (tmp_path / "parking-ivr").exists()


def test_a_given_answer_that_is_refused_ends_the_command(ivrkit, folder):
    """At once: whoever gave an option is not asked again, nor for anything else before."""
    done = ivrkit("new", "plugin", "parking-ivr", "--key", "A")
    assert done.exit_code == 1
    assert done.output.startswith("Error: 'A' is no key of a menu\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("We are here.", '"We are here."'),
        ("We're here.", '"We\'re here."'),
        ('Say "yes".', "'Say \"yes\".'"),
        ('"Yes" isn\'t no.', "'\"Yes\" isn\\'t no.'"),
        ("It's \"it\"'s.", '"It\'s \\"it\\"\'s."'),
        ("C:\\ivr", '"C:\\\\ivr"'),
        ("Straße", '"Straße"'),
    ],
)
def test_words_are_written_as_a_formatter_writes_them(words, code):
    """In double quotes, unless single ones need fewer backslashes; it is the same text."""
    assert python_text(words) == code
    assert ast.literal_eval(python_text(words)) == words
    assert text_of("SAYS", words) == f"SAYS = Text({code})"


def test_a_sentence_that_is_too_long_for_a_line_has_one_of_its_own():
    """A line has a hundred characters; the sentence stays whole."""
    fits, longer = "a" * 85, "a" * 86
    assert text_of("SAYS", fits) == f'SAYS = Text("{fits}")'
    assert text_of("SAYS", longer) == f'SAYS = Text(\n    "{longer}"\n)'


def catalogue(made, package, language):
    """Return the sentences of a catalogue, each with its translation."""
    with (made / f"src/{package}/locale/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file) if message.id}


def test_the_version_is_that_of_ivrkit(ivrkit, folder):
    """What is made today needs what ivrkit is today."""
    version = importlib_metadata.version("ivrkit")
    ivrkit("new", "plugin", "parking-ivr", "--yes")
    ivrkit("new", "project", "harbour", "--yes")
    assert f'dependencies = ["ivrkit>={version}"]' in read(folder / "parking-ivr", "pyproject.toml")
    assert f"ivrkit[server]>={version}\n" in read(folder / "harbour", "requirements.txt")
