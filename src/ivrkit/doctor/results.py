"""The results of the checks, with the status ``ok``, ``warning`` or ``failed``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    :param check: ``settings``, ``plugins``, ``store``, ``clock``, ``rules`` or ``webhook``.
    :param status: ``failed`` if calls cannot be answered, ``warning`` if there is a problem but calls can be
        answered, or ``ok``.
    :param message: the result as one line of text.
    :param hints: the fixes, one line for each proxy or alternative. There are no hints if the status is ``ok``.
    """

    check: str
    status: Literal["ok", "warning", "failed"]
    message: str
    hints: tuple[str, ...] = ()


def failed(check: str, message: str, *hints: str) -> CheckResult:
    """Return a result with the status ``failed``. Empty hints are left out."""
    return CheckResult(check, "failed", message, tuple(filter(None, hints)))


def warning(check: str, message: str, *hints: str) -> CheckResult:
    """Return a result with the status ``warning``. Empty hints are left out."""
    return CheckResult(check, "warning", message, tuple(filter(None, hints)))


def ok(check: str, message: str) -> CheckResult:
    """Return a result with the status ``ok``."""
    return CheckResult(check, "ok", message)
