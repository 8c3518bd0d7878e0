"""Hooks for all tests of this checkout: of the core, of the docs, and of the plugins.

With ``STRICT=1`` in the environment, a test that would be skipped fails. CI sets it: everything that a test can need is
installed there, so a skipped test is a mistake.
"""

import os
from collections.abc import Generator

import pytest

STRICT = os.environ.get("STRICT", "") not in ("", "0")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test. An expected failure is left alone, although pytest reports it as skipped."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a test file that was skipped as a whole."""
    report = yield
    if STRICT and report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"With STRICT=1, no test may be skipped: {reason}"
