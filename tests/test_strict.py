"""With STRICT=1 nothing is skipped unseen: the hooks in the checkout's conftest.py."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.fixture
def skips(pytester):
    """Write a test that skips itself, one that is marked, a whole file, and a failure that is expected."""
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makepyfile(
        test_itself="import pytest\ndef test_it(): pytest.skip('no line')",
        test_marked="import pytest\n@pytest.mark.skip('no number')\ndef test_it(): ...",
        test_file="import pytest\npytest.skip('no telephone', allow_module_level=True)",
        test_known="import pytest\n@pytest.mark.xfail(strict=True)\ndef test_it(): assert False",
    )
    return lambda: pytester.runpytest_inprocess(
        "-p", "no:randomly", "-p", "no:xdist", "--continue-on-collection-errors"
    )


def test_a_skip_fails_under_strict(skips, monkeypatch):
    """A skip fails wherever it was asked for, and tells its reason; a failure that is expected is no skip."""
    monkeypatch.setenv("STRICT", "1")
    result = skips()
    result.assert_outcomes(failed=1, errors=2, xfailed=1)
    for reason in ("no line", "no number", "no telephone"):
        result.stdout.fnmatch_lines([f"*Nothing may be skipped under STRICT*{reason}*"])


@pytest.mark.parametrize("value", ["", "0"])
def test_a_skip_is_a_skip_without_strict(skips, monkeypatch, value):
    """Where nobody was strict, a test may still be skipped."""
    monkeypatch.setenv("STRICT", value)
    skips().assert_outcomes(skipped=3, xfailed=1)
