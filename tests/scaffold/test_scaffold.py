"""From an empty folder to a package in the tree, as a person goes that way: nothing here is a stand-in.

It takes long, so it is run by ``tox run -e scaffold`` alone.
"""

import sys
from pathlib import Path

import pytest
from tests.scaffold.environments import CHECKOUT, UV, Environment, find_python, run

pytestmark = pytest.mark.scaffold
PYTHONS = ("3.11", "3.12", "3.13")
#: Answers that a formatter, a type checker or a test might trip over.
LONG = "We are here for you from early in the morning until late at night, on every day of the week and of the year."
ANSWERS = {
    "plain": ["parking-ivr", "--languages", "none"],
    "quotes": ["quo-ivr", "--label", 'Ann\'s "own" \\ line', "--says", 'Say "yes" | "no" <now> & then.', "--key", "0"],
    "long": ["a" * 40, "--state", "b-" * 14 + "b", "--label", LONG, "--says", LONG, "--key", "*12345678"],
    "languages": ["Gruss.IVR", "--languages", "de,ja,es_MX", "--says-in", "ja=こんにちは。", "--author", "Ö"],
}
TOX = ("tox>=4.30", "tox-uv>=1.29")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> Path:
    """Return a folder with the wheels of this checkout, built as every README that is made says."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (CHECKOUT, CHECKOUT / "plugins/acme_states"):
        run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, at=source)
    return folder


@pytest.fixture(params=PYTHONS)
def version(request) -> str:
    """Return a version of Python that is on this machine."""
    version: str = request.param
    if find_python(version) is None:
        pytest.skip(f"Python {version} is not on this machine")
    return version


def run_tox(desk: Environment, version: str, at: Path) -> set[str]:
    """Run tox in a folder as it stands, less the other versions of Python, which have a test of their own.

    :returns: the environments that passed; one that does not, or is skipped, fails the test.
    """
    others = "^py3(?!{}$)".format(version.removeprefix("3."))
    report = desk.run("tox", "run", "--skip-missing-interpreters=false", at=at, TOX_SKIP_ENV=others)
    return {line.split(":")[0].strip() for line in report.splitlines() if ": OK" in line}


def test_an_empty_folder_becomes_a_package_in_the_tree(version, wheels, tmp_path):
    """A new plugin passes its own tox as it stands, and its wheel is heard on the phone beside Acme's states."""
    desk = Environment(tmp_path / "desk", version, wheels).make("ivrkit", "acme-states", *TOX)
    assert "cd parking-ivr" in desk.run("ivrkit", "new", "plugin", "parking-ivr", "--yes", at=tmp_path)

    made = tmp_path / "parking-ivr"
    assert run_tox(desk, version, made) == {"conformance", "type", f"py{version.replace('.', '')}", "package", "lint"}

    run(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", at=made)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    team = Environment(tmp_path / "team", version, wheels).make("ivrkit", "acme-states", wheel)
    heard = team.run("ivrkit", "phone", at=tmp_path, typed="4\n")
    assert "For parking, press four." in heard
    assert "For support, press two." in heard
    assert "[parking, parking-ivr 0.1.0]\nYou have reached parking.\n" in heard


def test_an_empty_folder_becomes_a_tree(version, wheels, tmp_path):
    """A new project passes its own tox as it stands, and is heard on the phone with what its files require."""
    desk = Environment(tmp_path / "desk", version, wheels).make("ivrkit", *TOX)
    assert "cd harbour" in desk.run("ivrkit", "new", "project", "harbour", "--yes", at=tmp_path)

    made = tmp_path / "harbour"
    assert run_tox(desk, version, made) == {f"py{version.replace('.', '')}", "lint"}

    team = Environment(tmp_path / "team", version, wheels).make("-r", made / "requirements.txt")
    heard = team.run("ivrkit", "phone", at=made, typed="2\n1\n")
    assert "[services, harbour.flow.toml]" in heard
    assert "[repairs, harbour.flow.toml]" in heard


@pytest.fixture(scope="session")
def workshop(wheels, tmp_path_factory) -> Environment:
    """Return an environment with what a new folder is checked with."""
    folder = tmp_path_factory.mktemp("workshop") / "env"
    version = "{}.{}".format(*sys.version_info)
    return Environment(folder, version, wheels).make("ivrkit", "pytest", "mypy>=2.4", "ruff>=0.17,<0.18")


@pytest.mark.parametrize("answers", ANSWERS)
def test_whatever_is_answered_the_plugin_is_in_order(answers, workshop, tmp_path):
    """Formatted, typed and tested, whatever the words are and however long."""
    workshop.run("ivrkit", "new", "plugin", *ANSWERS[answers], "--yes", at=tmp_path)
    (made,) = (path for path in tmp_path.iterdir() if path.is_dir())
    installed = tmp_path / "installed"
    python = workshop.commands / "python"
    run(UV, "pip", "install", "-q", "--no-deps", "--python", python, "--target", installed, made, at=tmp_path)
    for command in ("ruff check", "ruff format --check --diff", "mypy --strict", "pytest -W error -q"):
        workshop.run(*command.split(), at=made, PYTHONPATH=str(installed))
