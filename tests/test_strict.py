"""The hooks in the checkout's conftest.py: with STRICT=1 a skipped test fails."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.fixture
def run_tests(pytester):
    """Return a function that runs four tests: three that are skipped in different ways, and an expected failure."""
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


def test_a_skip_fails_under_strict(run_tests, monkeypatch):
    """With STRICT=1 each skipped test fails and shows the reason of the skip; an expected failure does not fail."""
    monkeypatch.setenv("STRICT", "1")
    result = run_tests()
    result.assert_outcomes(failed=1, errors=2, xfailed=1)
    for reason in ("no line", "no number", "no telephone"):
        result.stdout.fnmatch_lines([f"*With STRICT=1, no test may be skipped: *{reason}*"])


@pytest.mark.parametrize("value", ["", "0"])
def test_a_test_may_be_skipped_without_strict(run_tests, monkeypatch, value):
    """If STRICT is empty or 0, skipped tests stay skipped."""
    monkeypatch.setenv("STRICT", value)
    run_tests().assert_outcomes(skipped=3, xfailed=1)
