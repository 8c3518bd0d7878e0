"""The files that the development server watches."""

import os
import sys
from pathlib import Path

import pytest
from tests.installed_plugins import write_metadata

from ivrkit.cli.reloader.sources import sources
from ivrkit.cli.reloader.watch import WatchList, changed_files
from ivrkit.settings import Settings


def write(path: Path, text: str = "") -> str:
    """Write a file with its folders, and return its path as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["a.py", "sub/b.py", "ivrkit.toml", "a.flow.toml", ".env", "locale/es/messages.po"])
def test_code_settings_and_translations_of_a_folder_are_watched(tmp_path, name):
    """A scan of a folder finds code, settings, flow files and translations, also in subfolders."""
    path = write(tmp_path / name)
    assert list(WatchList(folders=(str(tmp_path),)).scan()) == [path]


@pytest.mark.parametrize(
    "name",
    [
        "calls.sqlite3",
        "calls.sqlite3-wal",
        "a.pyc",
        "notes.txt",
        "environment",
        ".git/a.py",
        "__pycache__/a.py",
        "node_modules/a.py",
        "venv/a.py",
        "venv/lib/a.py",
    ],
)
def test_other_files_of_a_folder_are_not_watched(tmp_path, name):
    """A scan leaves out other files, such as the session store, and the folders of tools and virtual environments."""
    write(tmp_path / name)
    if name.startswith("venv"):
        write(tmp_path / "venv" / "pyvenv.cfg")
    assert WatchList(folders=(str(tmp_path),)).scan() == {}


def test_a_scan_finds_new_changed_and_removed_files(tmp_path):
    """A file that is added, changed or removed between two scans is a change; an unchanged file is not."""
    paths = [str(tmp_path / name) for name in ("a.toml", "b.toml", "c.toml", "d.toml")]
    for path in paths[:3]:
        write(Path(path), "old")
    watched = WatchList(files=(paths[3],), patterns=(f"{tmp_path}/*.toml",))
    before = watched.scan()
    os.utime(paths[0], ns=(1, 1))
    Path(paths[1]).unlink()
    write(Path(paths[3]))
    assert changed_files(before, watched.scan()) == [paths[0], paths[1], paths[3]]
    assert changed_files(before, before) == []


def test_a_change_has_a_short_name(folder, tmp_path):
    """A change names up to three files, by their paths in the working folder or with the folder of their package."""
    package = tmp_path / "src" / "acme_states"
    watched = WatchList(folders=(str(package),))
    files = [str(each) for each in (folder / "ivrkit.toml", package / "sub" / "hours.py", Path("/etc/x/y/z.toml"))]
    assert watched.describe(files[:1]) == "ivrkit.toml changed"
    assert watched.describe(files[:2]) == "ivrkit.toml and acme_states/sub/hours.py changed"
    assert watched.describe(files) == "ivrkit.toml, acme_states/sub/hours.py and y/z.toml changed"
    assert watched.describe([*files, "/a/b", "/c/d"]).endswith("acme_states/sub/hours.py, y/z.toml and 2 more changed")


def test_two_watch_lists_can_be_joined():
    """The union of two lists has the files of both, each once."""
    one, two = WatchList(("a",), ("b",), ("c",)), WatchList(("a", "d"), ("e",), ("c", "f"))
    assert one | two == WatchList(("a", "d"), ("b", "e"), ("c", "f"))


@pytest.fixture
def own_code(tmp_path, monkeypatch):
    """Return a folder on the path with a plugin of one module, a plugin package, a helper package and a module."""
    code = tmp_path / "code"
    for name in ("plug/__init__.py", "plug/sub/hours.py", "helper/__init__.py", "helper/words.py", "tool.py", "one.py"):
        write(code / name)
    points = "[ivrkit.states]\nhours = plug.sub.hours:hours\none = one:one\ngone = gone:gone\nodd = made_by_hand:x\n"
    write_metadata(code, "plug-ivr", "1.0", f"{points}bad = 1.2:x\n")
    monkeypatch.syspath_prepend(str(code))
    yield code
    for name in ("helper", "helper.words", "tool"):
        sys.modules.pop(name, None)


def test_the_sources_are_the_plugins_wherever_they_are(folder, own_code):
    """The packages and modules of all plugins are watched. They are not imported, so they may have errors."""
    write(own_code / "plug" / "__init__.py", "def broken(:")
    found = sources(Settings())
    assert {str(folder), str(own_code / "plug")} <= {*found.folders}
    assert str(own_code / "one.py") in found.files
    assert "plug" not in sys.modules
    assert {str(folder / "ivrkit.toml"), str(folder / ".env")} <= {*found.files}


def test_the_sources_include_imported_modules(own_code):
    """Own modules that are imported are watched, a package as a whole; libraries are not."""
    import helper.words  # noqa: F401
    import tool  # noqa: F401

    found = sources(Settings())
    assert str(own_code / "helper") in found.folders
    assert str(own_code / "tool.py") in found.files
    assert [each for each in (*found.folders, *found.files) if "site-packages" in each] == []
    assert str(Path(os.__file__).parent / "json") not in found.folders


def test_a_module_without_a_spec_is_watched_by_its_file(own_code, monkeypatch):
    """A module that was made by hand has no spec. Its file is watched."""
    module = type(sys)("made_by_hand")
    module.__spec__ = None
    module.__file__ = str(own_code / "made_by_hand.py")
    monkeypatch.setitem(sys.modules, "made_by_hand", module)
    assert module.__file__ in sources(Settings()).files


def test_the_sources_follow_the_settings(folder, tmp_path, monkeypatch):
    """The settings file, the flow files and the folder of plugin files are watched wherever the settings name them."""
    elsewhere = tmp_path / "[1]"
    expected = [write(elsewhere / name) for name in ("tree.toml", "flows/a.flow.toml", "plugins/b.py")]
    monkeypatch.setenv("IVRKIT_SETTINGS", str(tmp_path / "missing.toml"))
    settings = Settings(flows=("flows/*",), plugins_dir="plugins", folder=elsewhere)
    found = sources(settings)
    assert {*expected} <= found.scan().keys()
    assert str(tmp_path / "missing.toml") in found.files


def test_a_plugin_that_is_installed_later_is_a_change(folder, own_code):
    """The metadata of a plugin that is installed while the server runs is a change."""
    found = sources(Settings())
    before = found.scan()
    write_metadata(own_code, "more-ivr", "2.0", "")
    path = str(own_code / "more_ivr-2.0.dist-info" / "entry_points.txt")
    assert changed_files(before, found.scan()) == [path]


def test_without_the_metadata_of_ivrkit_the_other_files_are_watched(folder, tmp_path, monkeypatch):
    """If the metadata of ivrkit is missing, no plugin can be found. The working folder is watched."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert str(folder) in sources(Settings()).folders
