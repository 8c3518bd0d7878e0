"""Lines of a ``requirements.txt``: each has the source of its package, as the installer recorded it."""

import pytest

from ivrkit import Owner
from ivrkit.cli.packages.requirements import requirements
from ivrkit.plugins.load import Plugin


def lines(*plugins):
    """Return the lines of some plugins."""
    return list(requirements(Plugin(Owner(name, "1.0"), "loaded", source=door) for name, door in plugins))


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "parking-ivr==1.0"),
        ('{"url": "file:///srv/parking", "dir_info": {"editable": true}}', "-e file:///srv/parking"),
        ('{"url": "file:///srv/parking", "dir_info": {}}', "parking-ivr @ file:///srv/parking"),
        ('{"url": "https://x.example/p.whl", "archive_info": {}}', "parking-ivr @ https://x.example/p.whl"),
        (
            '{"url": "https://x.example/p", "vcs_info": {"vcs": "git", "commit_id": "abc"}, "subdirectory": "ivr"}',
            "parking-ivr @ git+https://x.example/p@abc#subdirectory=ivr",
        ),
    ],
)
def test_the_source_of_a_package(tmp_path, monkeypatch, origin, line):
    """A package comes from an index, a folder, an archive or a repository, and its line says which."""
    folder = tmp_path / "parking_ivr-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: parking-ivr\nVersion: 1.0\n")
    if origin:
        (folder / "direct_url.json").write_text(origin)
    monkeypatch.syspath_prepend(tmp_path)
    assert lines(("parking-ivr", "entry point")) == [line]


def test_a_plugin_that_is_not_a_package_is_a_comment():
    """A plugin file, and a plugin object in the host's code, are comments."""
    assert lines(("parking.py", "file"), ("my-own-code", "entry point")) == [
        "# parking.py: a file, not a package",
        "# my-own-code: part of the host's own code, not a package",
    ]
