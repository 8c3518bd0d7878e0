"""``ivrkit new``: its questions, its errors, and the new folder.

The tests in tests/scaffold run tox in the new folders.
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
from ivrkit.cli.scaffold.templates import python_text, render, text_constant, write

CHECKOUT = Path(__file__).parents[2]
SPANISH_REPEAT = "Para escuchar esto otra vez, marque uno. Para ir al menú, marque cualquier otra tecla o espere."
NAMES = ["plugin", "project"]

pytestmark = pytest.mark.once


@pytest.fixture
def typed():
    """Return a function that runs the command with typed answers."""
    return lambda keys, *arguments: CliRunner().invoke(main, ["new", *arguments], input=keys, catch_exceptions=False)


@pytest.fixture(autouse=True)
def git(tmp_path, monkeypatch):
    """Make git know one user only."""
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nname = Ann Author\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def files_of(folder):
    """Return the paths of all files in a folder, with slashes."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read(folder, *names):
    """Return the content of a file."""
    return folder.joinpath(*names).read_text(encoding="utf-8")


class TestPlugin:
    """``ivrkit new plugin`` asks questions and creates a package from the answers."""

    def test_yes_uses_the_defaults(self, ivrkit, alone, folder):
        """With ``--yes`` the defaults make a complete package, and the next commands are printed."""
        done = ivrkit("new", "plugin", "parking-ivr", "--yes")
        assert done.exit_code == 0
        assert done.output == (
            "Created parking-ivr: a plugin with the state 'parking' on key 1, 15 files.\n\n"
            "Next steps:\n\n"
            "  cd parking-ivr\n  pip install -e .\n  ivrkit phone\n  pip install tox tox-uv\n  tox\n\n"
            "README.md explains how pip and tox find ivrkit before its first release.\n"
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
            "src/parking_ivr/parking.py",
            "src/parking_ivr/py.typed",
            "src/parking_ivr/settings.py",
            "tests/check_wheel.py",
            "tests/test_parking.py",
            "tests/test_settings.py",
            "tox.ini",
        }
        assert os.listdir(folder) == ["parking-ivr"]

    def test_every_question_has_a_default_in_brackets(self, typed, alone, folder):
        """Each question shows its default, which Enter accepts; each language has questions of its own."""
        done = typed("\n" * 5 + "es\n\n\n", "plugin", "ivr-parking-lot")
        assert done.output.startswith(
            "Name of the state [parking-lot]: \n"
            "Key in the menu [1]: \n"
            "Label in the menu [parking lot]: \n"
            "Sentence that it says [You have reached parking lot.]: \n"
            "Author [Ann Author]: \n"
            "Languages besides English [none]: es\n"
            "Label in es [parking lot]: \n"
            "Sentence in es [Se ha comunicado con parking lot.]: \n"
            "Created ivr-parking-lot: "
        )

    def test_an_invalid_answer_is_asked_for_again(self, typed, alone, folder):
        """After an invalid answer the error and its hint are printed, and the question is asked again."""
        done = typed("menu\nparking\nfive\n5\n" + "\n" * 6, "plugin", "parking-ivr")
        assert done.exit_code == 0
        assert done.output.startswith(
            "Name of the state [parking]: menu\n"
            "Error: the state 'menu' is part of ivrkit\n  hint: choose another name\n"
            "Name of the state [parking]: parking\n"
            "Key in the menu [1]: five\n"
            "Error: the key of a menu option must be digits and *, not 'five'\n"
            "  hint: choose a key such as 4\n"
            "Key in the menu [1]: 5\n"
        )

    def test_an_option_answers_its_question(self, typed, alone, folder):
        """A question is not asked if its option is given; the other questions are."""
        given = ["--state", "cars", "--key", "12", "--label", "your car", "--says", "It is here.", "--author", "Bo"]
        more = ["--languages", "es-MX, de", "--label-in", "es_MX=su auto", "--says-in", "es-MX=Está aquí."]
        done = typed("Ihr Auto\n\n", "plugin", "parking-ivr", *given, *more)
        assert done.output.startswith(
            "Label in de [your car]: Ihr Auto\n"
            "Sentence in de [It is here.]: \n"
            "Created parking-ivr: a plugin with the state 'cars' on key 12, 18 files.\n"
            "Some sentences are still English in de. Translate them in src/parking_ivr/locale.\n"
        )
        made = folder / "parking-ivr"
        code = read(made, "src/parking_ivr/cars.py")
        assert 'LABEL = Text("your car")\nSAYS = Text("It is here.")\n' in code
        assert "def cars(settings: CarsSettings) -> State:" in code
        assert 'MenuOption(key="12", label=LABEL)' in code
        assert '"For your car, press one two."' in read(made, "tests/test_cars.py")
        assert "Copyright (c) 20" in read(made, "LICENSE")
        assert read(made, "LICENSE").splitlines()[2].endswith(" Bo")
        assert po_file(made, "parking_ivr", "es_MX") == {
            "your car": "su auto",
            "It is here.": "Está aquí.",
            "To hear this again, press one. For the menu, press any other key, or just wait.": SPANISH_REPEAT,
        }
        assert po_file(made, "parking_ivr", "de")["your car"] == "Ihr Auto"

    def test_without_other_languages_there_is_no_test_of_them(self, ivrkit, alone, folder):
        """Without other languages there are no PO files and no test of them."""
        assert ivrkit("new", "plugin", "parking-ivr", "--yes", "--languages", "none").exit_code == 0
        made = files_of(folder / "parking-ivr")
        assert not [name for name in made if "locale" in name or "languages" in name]

    def test_the_default_languages_are_those_of_the_tree(self, ivrkit, alone, folder):
        """The plugin speaks the languages of the installed phone tree, once each and without their countries."""
        text = 'language = "es-MX"\nlanguages = ["en-US", "de-DE", "de-AT"]\n'
        (folder / "ivrkit.toml").write_text(text, encoding="utf-8")
        assert ivrkit("new", "plugin", "parking-ivr", "--yes").exit_code == 0
        made = files_of(folder / "parking-ivr")
        assert {name.split("/")[3] for name in made if "locale" in name} == {"es", "de"}
        assert "tests/test_languages.py" in made

    def test_the_default_key_is_free(self, ivrkit, alone, install, folder):
        """The default key is the first one that no installed state uses."""
        code = "from ivrkit import MenuOption, State\n"
        code += 'one, two = State("1", options=MenuOption("1", "one")), State("2", options=MenuOption("21", "two"))\n'
        install("two-ivr", "1.0", "[ivrkit.states]\none = two_ivr:one\ntwo = two_ivr:two\n", two_ivr=code)
        assert "on key 3, " in ivrkit("new", "plugin", "parking-ivr", "--yes").output

    def test_the_default_key_of_a_broken_tree_is_four(self, ivrkit, alone, folder):
        """If the installed phone tree can't be loaded, the default key is 4."""
        (folder / "ivrkit.toml").write_text("tries = 0\n", encoding="utf-8")
        done = ivrkit("new", "plugin", "parking-ivr", "--yes")
        assert "on key 4, " in done.stdout
        assert done.stderr == (
            "Warning: the installed phone tree has problems, so the state and the key were not compared with it\n"
            "  hint: list the problems: ivrkit plugins\n"
        )

    @pytest.fixture
    def sales(self, install):
        """Install a plugin with the state ``sales`` on key 1 and states on the other keys that are named."""

        def install_sales(keys="1"):
            code = "from ivrkit import MenuOption, State\nstates = {\n"
            for key in keys:
                name = "sales" if key == "1" else f"state-{ord(key)}"
                code += f'    "{name}": State("Hello.", options=MenuOption("{key}", "{name}")),\n'
            code += "}\n"
            code += "".join(f"state_{ord(key)} = list(states.values())[{at}]\n" for at, key in enumerate(keys))
            entries = [f"{'sales' if key == '1' else f'state-{ord(key)}'} = sales_ivr:state_{ord(key)}" for key in keys]
            install("shop-states", "1.0", "[ivrkit.states]\n" + "\n".join(entries) + "\n", sales_ivr=code)

        return install_sales

    def test_the_default_state_is_free(self, ivrkit, alone, sales, folder):
        """If another plugin has the state of the plugin's name, another name is proposed, with the reason."""
        sales()
        done = ivrkit("new", "plugin", "sales-ivr", "--yes")
        assert done.stdout.startswith("Created sales-ivr: a plugin with the state 'sales-ivr' on key 2, ")
        assert done.stderr == "Plugin shop-states has a state 'sales' already, so 'sales-ivr' is proposed.\n"
        assert "the state 'sales-2' on key 2, " in ivrkit("new", "plugin", "sales", "--yes").stdout
        assert ivrkit("new", "plugin", "ivr-sales", "--yes", "--state", "trade").stderr == ""

    def test_a_state_and_a_key_that_are_taken_are_warnings(self, ivrkit, alone, sales, folder):
        """A state and a key of another plugin are warnings that propose a free name and a free key."""
        sales("12")
        done = ivrkit("new", "plugin", "shop-ivr", "--yes", "--state", "sales", "--key", "2")
        assert done.exit_code == 0
        assert done.stderr == (
            "Warning: plugin shop-states in the installed phone tree has a state 'sales' too\n"
            "  hint: use another name: --state shop; or choose the plugin of the state in ivrkit.toml:  "
            '[states.sales]  plugin = "shop-ivr"\n'
            "Warning: state 'state-50' in the installed phone tree has key 2 too\n"
            "  hint: use a free key: --key 3; or change a key in ivrkit.toml:  [states.sales]  key = ...\n"
        )
        assert (folder / "shop-ivr" / "pyproject.toml").exists()
        replaced = ivrkit("new", "plugin", "trade-ivr", "--yes", "--state", "sales", "--key", "1")
        assert "key 1" not in replaced.stderr

    def test_no_key_is_free(self, ivrkit, alone, sales, folder):
        """If all keys are taken, the default key is a warning that says so."""
        sales("12345678*")
        done = ivrkit("new", "plugin", "parking-ivr", "--yes")
        assert "on key 4, " in done.stdout
        assert done.stderr == (
            "Warning: state 'state-52' in the installed phone tree has key 4 too\n"
            "  hint: no key is free: change a key in ivrkit.toml:  [states.parking]  key = ...\n"
        )

    def test_the_plugin_itself_takes_nothing(self, ivrkit, alone, sales, folder):
        """If the plugin is installed already, its own state and key are free."""
        sales()
        done = ivrkit("new", "plugin", "shop-states", "--yes", "--state", "sales", "--key", "1")
        assert (done.stderr, done.exit_code) == ("", 0)

    @pytest.mark.parametrize("known", [False, True], ids=["without git", "unknown to git"])
    def test_the_default_author_without_git(self, ivrkit, alone, folder, monkeypatch, known, tmp_path):
        """If git knows no user, the default author is the contributors of the plugin."""
        if known:
            monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        else:
            monkeypatch.setenv("PATH", str(tmp_path))
        ivrkit("new", "plugin", "parking-ivr", "--yes")
        project = tomllib.loads(read(folder / "parking-ivr", "pyproject.toml"))["project"]
        assert project["authors"] == [{"name": "parking-ivr contributors"}]

    def test_the_metadata_of_the_package(self, ivrkit, alone, folder):
        """pyproject.toml has the name, the entry point, the author, the dependencies and the license."""
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
    """``ivrkit new project`` asks questions and creates a phone tree from the answers."""

    def test_yes_uses_the_defaults(self, ivrkit, folder):
        """With ``--yes`` the defaults make a complete project, and the next commands are printed."""
        done = ivrkit("new", "project", "harbour-bikes", "--yes")
        assert done.exit_code == 0
        assert done.output == (
            "Created harbour-bikes: a phone tree for Harbour Bikes, 13 files.\n\n"
            "Next steps:\n\n"
            "  cd harbour-bikes\n  python3 -m venv .venv\n  . .venv/bin/activate\n  pip install -r requirements.txt\n"
            "  ivrkit phone\n  pip install tox tox-uv\n  tox\n\n"
            "README.md explains how pip and tox find ivrkit before its first release.\n"
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
        """The answers are settings in ivrkit.toml; after an invalid answer the question is asked again."""
        done = typed("Bikes & Co\nMars/Crater\nEurope/Madrid\nen-GB\nes-ES,ES-es, de-DE\n", "project", "harbour")
        assert done.output.startswith(
            "Company that is called [Harbour]: Bikes & Co\n"
            "Time zone [UTC]: Mars/Crater\n"
            "Error: the time zone 'Mars/Crater' does not exist\n"
            "  hint: write a name such as America/New_York\n"
            "Time zone [UTC]: Europe/Madrid\n"
            "Languages besides English [none]: en-GB\n"
            "Error: the answer must be languages besides English, not 'en-GB'\n"
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

    def test_git_ignores_secrets(self, ivrkit, folder):
        """The example of .env has no values, and git ignores .env and the session file."""
        ivrkit("new", "project", "harbour", "--yes")
        example = read(folder / "harbour", ".env.example").splitlines()
        assert [line for line in example if not line.startswith("#")] == ["TWILIO_AUTH_TOKEN="]
        ignored = read(folder / "harbour", ".gitignore").splitlines()
        assert {".env", "*.sqlite3"} <= set(ignored)
        assert ".env.example" not in ignored

    def test_the_new_tree_works(self, ivrkit, make_phone, folder):
        """The new phone tree can be called, with states in TOML and in Python in one menu."""
        ivrkit("new", "project", "harbour", "--yes", "--company", "Bikes")
        phone = make_phone(plugins=[], settings_from=folder / "harbour")
        call = phone.call()
        assert call.heard.splitlines()[0] == "Thank you for calling Bikes."
        assert call.press("2").press("1").path == ["greeting", "menu", "services", "repairs"]


class TestBoth:
    """Rules for both types of folders."""

    @pytest.mark.parametrize("name", NAMES)
    def test_a_folder_that_is_not_empty_is_not_overwritten(self, ivrkit, folder, name):
        """A folder that is not empty is an error before the first question, and stays as it is."""
        (folder / "parking-ivr").mkdir()
        (folder / "parking-ivr/notes.txt").write_text("Mine.", encoding="utf-8")
        done = ivrkit("new", name, "parking-ivr")
        assert done.exit_code == 1
        assert done.output == (
            "Error: parking-ivr is a folder that is not empty; it is not overwritten\n"
            "  hint: choose another name, or remove it\n"
        )
        assert files_of(folder) == {"parking-ivr/notes.txt"}

    @pytest.mark.parametrize("name", NAMES)
    def test_a_file_is_not_overwritten(self, ivrkit, folder, name):
        """A file of the same name is an error, and stays as it is."""
        (folder / "parking-ivr").write_text("Mine.", encoding="utf-8")
        done = ivrkit("new", name, "parking-ivr", "--yes")
        assert done.output.startswith("Error: parking-ivr is a file; it is not overwritten\n")
        assert done.exit_code == 1

    @pytest.mark.parametrize("name", NAMES)
    def test_an_empty_folder_is_filled(self, ivrkit, folder, name):
        """The files are written into a folder that exists and is empty."""
        (folder / "parking-ivr").mkdir()
        assert ivrkit("new", name, "parking-ivr", "--yes").exit_code == 0
        assert (folder / "parking-ivr/tox.ini").is_file()

    def test_the_folder_has_the_usual_permissions(self, ivrkit, folder):
        """The folder has the permissions of a new folder, not those of a temporary one."""
        ivrkit("new", "project", "harbour", "--yes")
        (folder / "usual").mkdir()
        assert (folder / "harbour").stat().st_mode == (folder / "usual").stat().st_mode

    @pytest.mark.parametrize("name", NAMES)
    def test_the_versions_of_the_tools_are_those_of_ivrkit(self, ivrkit, folder, name):
        """The bounds of pytest, ruff, mypy, tox and the build backend are the same as in this checkout."""
        ivrkit("new", name, "parking-ivr", "--yes")
        ours = read(CHECKOUT, "pyproject.toml") + read(CHECKOUT, "tox.ini")
        theirs = read(folder / "parking-ivr", "pyproject.toml") + read(folder / "parking-ivr", "tox.ini")
        bounds = set(re.findall(r"\b(?:pytest|ruff|mypy|tox|tox-uv|hatchling|time-machine|uv)>=[\d.,<]+", theirs))
        assert len(bounds) >= 5
        assert [each for each in bounds if each not in ours] == []

    @pytest.mark.parametrize("name", NAMES)
    def test_the_longest_line_is_that_of_ivrkit(self, ivrkit, folder, name):
        """Lines may be as long as in this checkout, so that code from the documentation passes the new lint check."""
        ivrkit("new", name, "parking-ivr", "--yes")
        ours = tomllib.loads(read(CHECKOUT, "pyproject.toml"))
        theirs = tomllib.loads(read(folder / "parking-ivr", "pyproject.toml"))
        assert theirs["tool"]["ruff"]["line-length"] == ours["tool"]["ruff"]["line-length"]

    @pytest.mark.parametrize("name", NAMES)
    def test_every_file_can_be_parsed(self, ivrkit, folder, name):
        """Each file can be parsed, has no trailing spaces, and ends with one newline."""
        ivrkit("new", name, "parking-ivr", "--yes")
        readers = {
            ".py": ast.parse,
            ".toml": tomllib.loads,
            ".po": lambda text: read_po(BytesIO(text.encode()), abort_invalid=True),
            ".ini": configparser.ConfigParser().read_string,
        }
        found = set()
        for path in sorted(files_of(folder / "parking-ivr")):
            text, suffix = read(folder / "parking-ivr", path), Path(path).suffix
            found.add(suffix)
            readers.get(suffix, str)(text)
            assert "{{" not in text.replace("${{", ""), path
            assert not re.search(r"[ \t]$", text, flags=re.MULTILINE), path
            assert path.endswith("py.typed") or re.search(r"[^\n]\n\Z", text), path
        assert readers.keys() - {".po"} <= found

    def test_all_files_are_written_or_none(self, tmp_path):
        """If one file can't be written, the command is an error and no other file is left behind."""
        target = tmp_path / "made" / "harbour"
        target.parent.mkdir()
        with pytest.raises(IvrkitError) as refused:
            write(target, {"README.md": "Read me.\n", "a" * 300: "No file system has such a name."})
        assert refused.value.message == f"{target} can't be written: File name too long"
        assert refused.value.hint == "change to a folder in which you may write"
        assert os.listdir(target.parent) == []

    def test_an_unknown_placeholder_is_an_error(self, tmp_path):
        """A misspelt placeholder in a template is an error, not an empty text."""
        (tmp_path / "{{ name }}.txt.jinja").write_text("{{ nmae }}", encoding="utf-8")
        with pytest.raises(UndefinedError, match="nmae"):
            render(tmp_path, {"name": "harbour"})

    def test_other_commands_do_not_import_jinja(self):
        """Jinja is imported only when a folder is created."""
        code = "import sys, ivrkit.cli.new; sys.exit('jinja2' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


LONG = "a" * 41
NAME_HINT = "use up to 40 letters, digits and -, such as parking-ivr"
STATE_HINT = "use a letter, then up to 29 letters, digits, - and _, such as parking"
KEY_HINT = "choose a key such as 4"
LINE_HINT = "write it on one line"
LANGUAGES_HINT = 'write their tags, such as "es, de", or "none"'
IMPORT_HINT = "choose a name that begins with a letter and is not a keyword, such as "


@pytest.mark.parametrize(
    ("read", "answer", "message", "hint"),
    [
        *[
            (answers.distribution, each, f"{each!r} can't be the name of a folder or a distribution", NAME_HINT)
            for each in ("", "-ivr", "ivr-", "my plugin", "park/ivr", "../ivr", "straße", LONG)
        ],
        (answers.name, "a b", "'a b' can't be the name of a folder or a distribution", NAME_HINT),
        (
            answers.distribution,
            "4you",
            "'4you' makes the package '4you', which Python can't import",
            f"{IMPORT_HINT}ivr-4you",
        ),
        (
            answers.distribution,
            "Import",
            "'Import' makes the package 'import', which Python can't import",
            f"{IMPORT_HINT}import-ivr",
        ),
        (
            answers.distribution,
            "email",
            "'email' makes the package 'email', which is in Python's standard library",
            "choose another name, such as email-ivr",
        ),
        *[
            (
                answers.distribution,
                each,
                f"{each!r} makes the package {each!r}, which is reserved for ivrkit and for tests",
                f"choose another name, such as {each}-ivr",
            )
            for each in ("ivrkit", "tests", "conftest")
        ],
        (
            answers.distribution,
            "pytest_ivrkit",
            "'pytest_ivrkit' makes the package 'pytest_ivrkit', which is reserved for ivrkit and for tests",
            "choose another name, such as pytest-ivrkit-ivr",
        ),
        (
            answers.distribution,
            "dotenv",
            "'dotenv' makes the package 'dotenv', which belongs to python-dotenv, which is installed",
            "choose another name, such as dotenv-ivr",
        ),
        *[
            (answers.state, each, f"{each!r} can't be the name of a state", STATE_HINT)
            for each in ("", "4you", "account.confirm", "car park", "_x", "a" * 31)
        ],
        (answers.state, "greeting", "the state 'greeting' is part of ivrkit", "choose another name"),
        *[
            (
                answers.state,
                each,
                f"the state {each!r} can't be made by a function of that name, because the name is taken",
                f"choose another name, such as {each}-line",
            )
            for each in ("class", "Ask", "settings", "languages")
        ],
        *[
            (answers.key, each, f"the key of a menu option must be digits and *, not {each!r}", KEY_HINT)
            for each in ("", "A", "#", "4#", "٤")
        ],
        (
            answers.key,
            "91",
            "the key '91' begins with 9, which repeats the menu",
            "choose a key such as 4",
        ),
        *[
            (answers.line, each, f"the text must be one line without braces, not {each!r}", LINE_HINT)
            for each in ("", "  ", "two\nlines", "a {place}", "a }", "\udce4")
        ],
        *[
            (answers.languages, each, f"the answer must be languages besides English, not {each!r}", LANGUAGES_HINT)
            for each in ("", "en", "es, EN-gb", "Spanish", "es,,de", "es de")
        ],
        (
            answers.zone,
            "Mars/Crater",
            "the time zone 'Mars/Crater' does not exist",
            "write a name such as America/New_York",
        ),
        (answers.zone, "", "the time zone '' does not exist", "write a name such as America/New_York"),
    ],
)
def test_an_invalid_answer_is_refused_with_a_hint(read, answer, message, hint):
    """The error of an invalid answer has the answer, and its hint says which answers are valid."""
    with pytest.raises(IvrkitError) as refused:
        read(answer)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_an_installed_plugin_may_be_created_again():
    """A name is not refused because a distribution of the same name is installed."""
    assert answers.distribution("Flask") == "flask"


@pytest.mark.parametrize(
    ("option", "given", "message"),
    [
        ("--label-in", "de=Parken", "--label-in must be LANGUAGE=TEXT, with a language of the plugin, not 'de=Parken'"),
        ("--says-in", "es", "--says-in must be LANGUAGE=TEXT, with a language of the plugin, not 'es'"),
        ("--says-in", "es=", "--says-in must be LANGUAGE=TEXT, with a language of the plugin, not 'es='"),
    ],
)
def test_a_translation_names_its_language(ivrkit, folder, option, given, message):
    """A translation for a language that the plugin does not speak is an error, and nothing is created."""
    done = ivrkit("new", "plugin", "parking-ivr", "--yes", "--languages", "es", option, given)
    assert (done.exit_code, done.output) == (
        1,
        f"Error: {message}\n  hint: the languages of the plugin: es\n",
    )
    assert os.listdir(folder) == []
    done = ivrkit("new", "plugin", "parking-ivr", "--yes", "--languages", "none", option, given)
    assert done.output.endswith("the languages of the plugin: none\n")


def test_a_language_goes_by_its_name(ivrkit, alone, folder):
    """The README has the English name of each language, or its tag if the name is unknown."""
    ivrkit("new", "plugin", "parking-ivr", "--yes", "--languages", "es,de-AT,qaa")
    assert "It speaks English, Spanish, German (Austria), qaa." in read(folder / "parking-ivr", "README.md")


def new_plugin(folder, stdin):
    """Start the command in a process of its own."""
    command = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "new", "plugin", "parking-ivr"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdin=stdin, stdout=pipe, stderr=pipe, text=True)


def test_questions_without_input(tmp_path):
    """If the input ends before the last answer, the hint is to use ``--yes``."""
    with new_plugin(tmp_path, subprocess.PIPE) as process:
        _, err = process.communicate("parking\n", timeout=60)
    assert process.returncode == 1
    assert err.endswith("Error: there is no input to answer the questions\n  hint: use the defaults: --yes\n")
    assert not (tmp_path / "parking-ivr").exists()


def test_ctrl_d_aborts_the_questions(tmp_path):
    """Ctrl-D in a terminal aborts the command, without an error message of ivrkit."""
    master, child = pty.openpty()
    with new_plugin(tmp_path, child) as process:
        os.close(child)
        os.write(master, b"\x04")
        _, err = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 1
    assert err.endswith("Aborted!\n")
    assert not (tmp_path / "parking-ivr").exists()


def test_an_invalid_option_ends_the_command(ivrkit, folder):
    """An invalid value of an option is an error before the first question."""
    done = ivrkit("new", "plugin", "parking-ivr", "--key", "A")
    assert done.exit_code == 1
    assert done.output.startswith("Error: the key of a menu option must be digits and *, not 'A'\n")


@pytest.mark.parametrize(
    ("text", "code"),
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
def test_a_text_is_written_as_a_formatter_writes_it(text, code):
    """A text is written in double quotes, unless single quotes need fewer backslashes."""
    assert python_text(text) == code
    assert ast.literal_eval(python_text(text)) == text
    assert text_constant("SAYS", text) == f"SAYS = Text({code})"


def test_a_long_sentence_has_a_line_of_its_own():
    """A sentence that makes the line longer than 120 characters is moved to a line of its own."""
    fits, longer = "a" * 105, "a" * 106
    assert text_constant("SAYS", fits) == f'SAYS = Text("{fits}")'
    assert text_constant("SAYS", longer) == f'SAYS = Text(\n    "{longer}"\n)'


def po_file(made, package, language):
    """Return the translation of each sentence in a PO file."""
    with (made / f"src/{package}/locale/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file) if message.id}


def test_the_new_folders_need_this_version(ivrkit, folder):
    """The new folders require this version of ivrkit or a later one."""
    version = importlib_metadata.version("ivrkit")
    ivrkit("new", "plugin", "parking-ivr", "--yes")
    ivrkit("new", "project", "harbour", "--yes")
    assert f'dependencies = ["ivrkit>={version}"]' in read(folder / "parking-ivr", "pyproject.toml")
    assert f"ivrkit[server]>={version}\n" in read(folder / "harbour", "requirements.txt")
