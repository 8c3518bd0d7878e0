"""What every test of this checkout shares: the core's, the examples in the docs, and the plugin's.

With ``STRICT=1`` in the environment a skipped test is a failed one: where everything that a test can ask for
is known to be there, nothing goes untested unseen.
"""

import os
from collections.abc import Generator

import pytest

STRICT = os.environ.get("STRICT", "") not in ("", "0")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that was skipped; an expected failure is none, though pytest reports it as one."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that was skipped as a whole."""
    report = yield
    if STRICT and report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"Nothing may be skipped under STRICT. {reason}"
