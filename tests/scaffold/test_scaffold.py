"""``ivrkit new`` makes folders that pass their own tox, in real environments.

These tests take minutes, so only ``tox run -e scaffold`` runs them.
"""

import sys
from pathlib import Path

import pytest
from tests.scaffold.environments import CHECKOUT, UV, Environment, find_python, run

pytestmark = pytest.mark.scaffold
PYTHONS = ("3.11", "3.12", "3.13")
#: Answers that may break the formatter, the type checker or the tests of the new folder.
LONG = "We are here for you from early in the morning until late at night, on every day of the week and of the year."
ANSWERS = {
    "plain": ["parking-ivr", "--languages", "none"],
    "quotes": [
        "quo-ivr",
        "--label",
        'Ann\'s "own" \\ line',
        "--says",
        'Say "yes" | "no" <now> & then.',
        "--key",
        "0",
        "--languages",
        "es",
    ],
    "long": ["a" * 40, "--state", "b-" * 14 + "b", "--label", LONG, "--says", LONG, "--key", "*12345678"],
    "languages": ["Gruss.IVR", "--languages", "de,ja,es_MX", "--says-in", "ja=こんにちは。", "--author", "Ö"],
}
TOX = ("tox>=4.30", "tox-uv>=1.29")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> Path:
    """Return a folder with the wheels of this checkout, built as the new README describes."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (CHECKOUT, CHECKOUT / "plugins/acme_states"):
        run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, at=source)
    return folder


@pytest.fixture(params=PYTHONS)
def version(request) -> str:
    """Return a version of Python that is installed."""
    version: str = request.param
    if find_python(version) is None:
        pytest.skip(f"Python {version} is not installed")
    return version


def run_tox(environment: Environment, version: str, at: Path) -> set[str]:
    """Run tox in a new folder, without the environments of other Python versions.

    If an environment fails or is skipped, the test fails.

    :returns: the environments that passed.
    """
    others = "^py3(?!{}$)".format(version.removeprefix("3."))
    report = environment.run("tox", "run", "--skip-missing-interpreters=false", at=at, TOX_SKIP_ENV=others)
    return {line.split(":")[0].strip() for line in report.splitlines() if ": OK" in line}


def test_an_empty_folder_becomes_a_package_in_the_tree(version, wheels, tmp_path):
    """A new plugin passes its own tox, and its wheel adds its state to the menu beside those of acme-states."""
    workspace = Environment(tmp_path / "workspace", version, wheels).make("ivrkit", "acme-states", *TOX)
    assert "cd parking-ivr" in workspace.run("ivrkit", "new", "plugin", "parking-ivr", "--yes", at=tmp_path)

    made = tmp_path / "parking-ivr"
    assert run_tox(workspace, version, made) == {
        "conformance",
        "type",
        f"py{version.replace('.', '')}",
        "package",
        "lint",
    }

    run(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", at=made)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    team = Environment(tmp_path / "team", version, wheels).make("ivrkit", "acme-states", wheel)
    heard = team.run("ivrkit", "phone", at=tmp_path, typed="4\n")
    assert "For parking, press four." in heard
    assert "For support, press two." in heard
    assert "[parking, parking-ivr 0.1.0]\nYou have reached parking.\n" in heard


def test_an_empty_folder_becomes_a_tree(version, wheels, tmp_path):
    """A new project passes its own tox, and can be called in an environment with its requirements."""
    workspace = Environment(tmp_path / "workspace", version, wheels).make("ivrkit", *TOX)
    assert "cd harbour" in workspace.run("ivrkit", "new", "project", "harbour", "--yes", at=tmp_path)

    made = tmp_path / "harbour"
    assert run_tox(workspace, version, made) == {f"py{version.replace('.', '')}", "lint"}

    team = Environment(tmp_path / "team", version, wheels).make("-r", made / "requirements.txt")
    heard = team.run("ivrkit", "phone", at=made, typed="2\n1\n")
    assert "[services, harbour.flow.toml]" in heard
    assert "[repairs, harbour.flow.toml]" in heard


@pytest.fixture(scope="session")
def checkers(wheels, tmp_path_factory) -> Environment:
    """Return an environment with the tools that check a new folder."""
    folder = tmp_path_factory.mktemp("checkers") / "env"
    version = "{}.{}".format(*sys.version_info)
    return Environment(folder, version, wheels).make("ivrkit", "pytest", "mypy>=2.4", "ruff>=0.17,<0.18")


#: Code in the style of the documentation: TwiML classes of twilio, and a class without docstrings.
CODE = """from ivrkit import HOME, Call, MenuOption, Routes, State, hookimpl
from twilio.twiml.voice_response import Dial, Say


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    @hookimpl
    def ivrkit_call_started(self, call: Call) -> None:
        self.calls += 1


def connect(call: Call) -> list[Say | Dial]:
    dial = Dial(timeout=20)
    dial.number("+15550100")
    return [Say("One moment."), dial]


desk = State(connect, Routes({"answered": None}, otherwise=HOME), options=MenuOption("5", "desk"))
"""


def test_code_as_in_the_documentation_passes_the_checks(checkers, tmp_path):
    """The checks of a new plugin accept the classes of twilio, and code without docstrings."""
    checkers.run("ivrkit", "new", "plugin", "parking-ivr", "--yes", at=tmp_path)
    made = tmp_path / "parking-ivr"
    (made / "src/parking_ivr/desk.py").write_text(CODE, encoding="utf-8")
    for command in ("ruff check", "ruff format --check --diff", "mypy --strict"):
        checkers.run(*command.split(), at=made)


@pytest.mark.parametrize("answers", ANSWERS)
def test_unusual_answers_make_a_correct_plugin(answers, checkers, tmp_path):
    """Long texts, quotes and other scripts make a plugin that is formatted and typed, and passes its tests."""
    checkers.run("ivrkit", "new", "plugin", *ANSWERS[answers], "--yes", at=tmp_path)
    (made,) = (path for path in tmp_path.iterdir() if path.is_dir())
    installed = tmp_path / "installed"
    python = checkers.commands / "python"
    run(UV, "pip", "install", "-q", "--no-deps", "--python", python, "--target", installed, made, at=tmp_path)
    for command in ("ruff check", "ruff format --check --diff", "mypy --strict", "pytest -W error -q"):
        checkers.run(*command.split(), at=made, PYTHONPATH=str(installed))
