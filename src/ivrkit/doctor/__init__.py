"""The checks of ``ivrkit doctor``: settings, plugins, session store, clock and webhook."""

from ivrkit.doctor.checks import run_checks
from ivrkit.doctor.results import CheckResult

__all__ = ["CheckResult", "run_checks"]
