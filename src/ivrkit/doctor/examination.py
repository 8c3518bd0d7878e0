"""All checks, one after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ivrkit.doctor.findings import Finding, warning
from ivrkit.doctor.local import check_plugins, check_settings, check_store, check_zone, faults_found
from ivrkit.doctor.wire import check_wire
from ivrkit.settings.load import Gathered


def examine(gathered: Gathered, url: str | None = None, plugins: Mapping[str, object] | None = None) -> list[Finding]:
    """Return what every check found.

    :param gathered: the settings, and what is wrong with them: then nothing else can be checked.
    :param url: the public URL, in place of the settings' own: a base, or one that ends in ``/webhook``.
    :param plugins: plugin objects of the host's own code, each by a name, beside those that are installed.
    """
    if gathered.problems:
        skipped = warning("settings", "all other checks were skipped", "mend the settings first")
        return [*faults_found("settings", gathered.problems), skipped]
    settings = gathered.settings
    return [
        *check_settings(settings),
        *check_plugins(settings, plugins),
        *check_store(settings, plugins),
        *check_zone(settings, time.time()),
        *check_wire(settings, url),
    ]
