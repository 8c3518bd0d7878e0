"""What a check found, and how it is mended."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, FAILED = "ok", "warning", "FAILED"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    :param check: ``settings``, ``plugins``, ``store``, ``clock`` or ``wire``.
    :param status: ``ok``, ``warning`` or ``FAILED``.
    :param found: what was found, in one line.
    :param mends: how to mend it, each a line and each another way or another program; none where all is well.
    """

    check: str
    status: str
    found: str
    mends: tuple[str, ...] = ()


def failed(check: str, found: str, *mends: str) -> Finding:
    """Return what keeps calls from being answered."""
    return Finding(check, FAILED, found, tuple(filter(None, mends)))


def warning(check: str, found: str, *mends: str) -> Finding:
    """Return what calls are answered with all the same."""
    return Finding(check, WARNING, found, tuple(filter(None, mends)))


def ok(check: str, found: str) -> Finding:
    """Return that all is well."""
    return Finding(check, OK, found)
