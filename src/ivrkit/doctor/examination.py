"""All checks, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ivrkit.doctor.findings import Finding, warning
from ivrkit.doctor.local import check_plugins, check_settings, check_store, check_zone, failures
from ivrkit.doctor.wire import check_wire
from ivrkit.errors import IvrkitError
from ivrkit.settings import Settings


def examine(
    read_settings: Callable[[], Settings], url: str | None = None, plugins: Mapping[str, object] | None = None
) -> list[Finding]:
    """Return what every check found.

    :param read_settings: reads the settings; what it raises on purpose is the first thing that is found.
    :param url: the public URL, in place of the settings' own: a base, or one that ends in ``/webhook``.
    :param plugins: plugin objects of the host's own code, each by a name, beside those that are installed.
    """
    try:
        settings = read_settings()
    except IvrkitError as error:
        skipped = warning("settings", "all other checks were skipped", "mend the settings first")
        return [*failures("settings", error), skipped]
    return [
        *check_settings(settings),
        *check_plugins(settings, plugins),
        *check_store(settings),
        *check_zone(settings, time.time()),
        *check_wire(settings, url),
    ]
