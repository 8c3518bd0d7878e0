"""Installed distributions: damaged metadata is left out, and its path is in the message."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import importlib_metadata
import pytest
from tests.plugins.packages import entry_points_text, metadata_text

from ivrkit import LoadError, Problem, Settings
from ivrkit.errors import Problems
from ivrkit.plugins.distributions import GROUPS, find_distributions
from ivrkit.plugins.load import load
from ivrkit.testing import installed_plugins

STATE_CODE = "from ivrkit import State\nfound = State('Hello.')\n"
PARKING = {"METADATA": metadata_text("parking-ivr", "1.0"), "entry_points.txt": entry_points_text({"a": "m:x"}, None)}
HINT = "reinstall the package, or delete this folder"

pytestmark = pytest.mark.usefixtures("core_only")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes a folder of metadata. The folder is on ``sys.path``."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def write(name: str, files: dict[str, str | bytes], at: Path = folder) -> Path:
        (at / name).mkdir(parents=True)
        for file, content in files.items():
            (at / name / file).write_bytes(content.encode() if isinstance(content, str) else content)
        return at / name

    return write


def problems() -> tuple[Problem, ...]:
    """Return the problems of all installed distributions."""
    found = Problems()
    find_distributions(found)
    return tuple(found)


def test_the_entry_points_are_those_of_the_library():
    """In a healthy environment, the entry points are the same as those that importlib.metadata finds."""
    expected = {
        (each.dist.name, each.group, each.name, each.value)
        for group in GROUPS
        for each in importlib_metadata.entry_points(group=group)
    }
    assert expected == {
        (dist.owner.plugin, each.group, each.name, each.value)
        for dist in find_distributions(Problems())
        for each in dist.entry_points
    }


@pytest.mark.parametrize(
    ("folder", "files", "reason"),
    [
        (".dist-info", {}, "its metadata cannot be read: "),
        (".dist-info", {"METADATA": "Metadata-Version: 2.1\n"}, "its metadata has no name"),
        (".egg-info", {"PKG-INFO": b"\xff\xfe"}, "its metadata cannot be read: UnicodeDecodeError: "),
        ("~arking_ivr-1.0.dist-info", PARKING, "an installer could not delete it during an upgrade"),
    ],
    ids=["empty", "nameless", "not UTF-8", "leftover"],
)
def test_a_folder_without_a_plugin_is_a_warning(site, folder, files, reason):
    """A folder that names no plugin, and the rest of an upgrade, are left out with a warning that has the path."""
    path = site(folder, files)
    (warning, *others) = [each for each in load(Settings()).startup_warnings if str(path) in each.message]
    assert warning.message.startswith(f"{path} is not a usable distribution: {reason}")
    assert (warning.hint, others) == (HINT, [])


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"METADATA": None}, "its metadata cannot be read: "),
        ({"METADATA": "Metadata-Version: 2.1\nVersion: 5\n"}, "its metadata has no name"),
        ({"METADATA": b"Name: parking\xff\n"}, "its metadata cannot be read: UnicodeDecodeError: "),
        (
            {"entry_points.txt": b"[ivrkit.states]\na = m:\xff\n"},
            "its entry_points.txt cannot be read: UnicodeDecodeErr",
        ),
        ({"entry_points.txt": "[ivrkit.states]\nno value\n"}, "its entry_points.txt cannot be read: TypeError: "),
    ],
    ids=["no metadata", "nameless", "metadata not UTF-8", "entry points not UTF-8", "no value"],
)
def test_a_damaged_plugin_is_an_error(site, files, reason):
    """A damaged plugin prevents the start with an error that has its path. Without ``strict``, it is left out."""
    path = site("parking_ivr-1.0.dist-info", {name: text for name, text in {**PARKING, **files}.items() if text})
    with pytest.raises(LoadError) as caught:
        load(Settings())
    (problem,) = caught.value.problems
    assert problem.message.startswith(f"{path} is not a usable distribution: {reason}")
    assert (problem.hint, problem.owner) == (HINT, "parking-ivr")
    assert load(Settings(strict=False)).problems == (problem,)


@pytest.mark.parametrize("settings", [{"block": ["Parking.IVR"]}, {"allow": []}], ids=["blocked", "not allowed"])
def test_a_damaged_plugin_can_be_left_out(site, settings):
    """The settings ``block`` and ``allow`` leave out a damaged plugin by the name of its folder."""
    site("parking_ivr-1.0.dist-info", {"entry_points.txt": PARKING["entry_points.txt"]})
    loaded = load(Settings(**settings))
    assert not loaded.problems
    assert not [each for each in loaded.startup_warnings if "parking" in str(each).lower()]


@pytest.mark.parametrize("value", [b"no value", b"a = m:\xff"], ids=["no value", "not UTF-8"])
def test_other_distributions_are_not_read(site, value):
    """Damaged entry points of a distribution that is not a plugin cause no message."""
    site("tool-1.0.dist-info", {"METADATA": b"\xff", "entry_points.txt": b"[console_scripts]\n" + value})
    assert not problems()


def test_a_record_is_not_needed(install):
    """A plugin without the file RECORD is served, as after an install by a system package manager."""
    folder = install("ant", states={"one": "ant:found"}, ant=STATE_CODE)
    assert not list(folder.rglob("RECORD"))
    assert "one" in load(Settings()).flow.states


@pytest.mark.parametrize(
    ("group", "value", "form"),
    [
        ("states", "ant", "'package.module:object'"),
        ("states", "", "'package.module:object'"),
        ("states", "ant:found:more", "'package.module:object'"),
        ("plugins", "ant found", "'package.module' or 'package.module:object'"),
    ],
)
def test_an_entry_point_names_an_object(install, group, value, form):
    """The value of an entry point must name an object, or in ``ivrkit.plugins`` a module."""
    install("ant", **{group: {"one": value}}, ant=STATE_CODE)
    with pytest.raises(LoadError) as caught:
        load(Settings())
    assert caught.value.problems[0].message == (
        f"plugin ant 1.0: its entry point one = {value!r} in 'ivrkit.{group}' cannot be imported: "
        f"its value must be {form}, not {value!r}"
    )
    assert caught.value.problems[0].hint.startswith(
        "fix the entry point in the plugin's pyproject.toml, and install the plugin again; or leave it out: "
    )


class TestTwice:
    """A distribution that is installed twice."""

    def test_the_second_is_left_out_with_both_paths(self, install, site):
        """Python imports the first of two versions. The other one is left out, and the warning has both paths."""
        folder = install("parking-ivr", "1.1", states={"one": "ant:found"}, ant=STATE_CODE)
        path = site("parking_ivr-1.0.dist-info", PARKING)
        assert problems() == (
            Problem(
                f"{path}: parking-ivr 1.0 is left out, because parking-ivr 1.1 is installed in "
                f"{folder / 'parking_ivr-1.1.dist-info'}",
                "uninstall one of the two, or delete its folder",
                level="warning",
                owner="parking-ivr",
            ),
        )
        assert list(load(Settings()).flow.states) == ["greeting", "menu", "one"]

    def test_the_same_metadata_twice_is_no_problem(self, site, tmp_path, monkeypatch):
        """An editable install may have the same metadata in its source folder as well."""
        site("parking_ivr-1.0.dist-info", PARKING)
        site("parking_ivr.egg-info", {**PARKING, "PKG-INFO": PARKING["METADATA"]}, tmp_path / "src")
        monkeypatch.syspath_prepend(tmp_path / "src")
        assert not problems()
        assert installed_plugins() == ["parking-ivr"]

    def test_a_damaged_one_hides_nothing(self, install, site, tmp_path, monkeypatch):
        """If the first of two is damaged, the second is served."""
        install("ant", states={"one": "ant:found"}, ant=STATE_CODE)
        site("ant-0.9.dist-info", {"entry_points.txt": PARKING["entry_points.txt"]}, tmp_path / "first")
        monkeypatch.syspath_prepend(tmp_path / "first")
        assert "one" in load(Settings(strict=False)).flow.states


class TestWithoutTheMetadataOfIvrkit:
    """A bundle that has the code of ivrkit, but not its metadata."""

    HIDE = """
import sys
import importlib_metadata
found = importlib_metadata.Distribution.discover
def discover(**arguments):
    return (each for each in found(**arguments) if each.metadata["Name"] != "ivrkit")
importlib_metadata.Distribution.discover = staticmethod(discover)
"""
    MESSAGE = (
        "the phone tree has 1 problem and was not started:\n"
        "the metadata of the distribution 'ivrkit' is not installed, so no entry point of any state can be found\n"
        "  hint: install ivrkit with pip; or include the metadata in your bundle: for PyInstaller, "
        "--copy-metadata ivrkit and --copy-metadata with the name of each plugin\n"
    )

    def run(self, code: str) -> tuple[int, str, str]:
        """Run code in a process in which the metadata of ivrkit is hidden.

        :returns: the exit code, the standard output and the error output.
        """
        command = [sys.executable, "-W", "error", "-c", self.HIDE + code]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout, ran.stderr

    def test_an_app_raises_one_error(self):
        """An app without the metadata raises an error that names what is missing and how to include it."""
        code = "from ivrkit.web import create_app\ntry: create_app(dev=True)\nexcept Exception as error: print(error)"
        assert self.run(code) == (0, self.MESSAGE, "")

    def test_a_command_prints_the_same_error(self):
        """A command prints the same error, without a traceback."""
        code = "sys.argv = ['ivrkit', 'states']\nfrom ivrkit.cli.main import main\nmain()"
        assert self.run(code) == (1, "", f"Error: {self.MESSAGE}")

    def test_the_version_is_unknown(self):
        """``ivrkit --version`` says that the version is unknown."""
        code = "sys.argv = ['ivrkit', '--version']\nfrom ivrkit.cli.main import main\nmain()"
        assert self.run(code) == (0, "ivrkit of unknown version (its metadata is not installed)\n", "")
