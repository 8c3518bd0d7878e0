"""All checks of ``ivrkit doctor``, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from ivrkit.doctor.local_checks import check_plugins, check_settings, check_store, check_time_zone, results_of_problems
from ivrkit.doctor.results import CheckResult, warning
from ivrkit.doctor.webhook_check import check_webhook
from ivrkit.settings import Settings
from ivrkit.settings.load import SettingsResult


def run_checks(
    loaded: SettingsResult,
    url: str | None = None,
    plugins: Mapping[str, object] | None = None,
    *,
    check_account: Callable[[Settings], Iterable[CheckResult]] = lambda _: (),
) -> list[CheckResult]:
    """Run all checks.

    :param loaded: the settings and the problems of the settings. If there are problems, no other check runs.
    :param url: the public URL of the app or of its webhook, or ``None`` to use the setting ``public_url``.
    :param plugins: name -> plugin object, for the plugins that the app registers in addition to the installed plugins.
    :param check_account: a function that takes the settings and checks the Twilio account, such as its webhook rules.
    :returns: the results, in the order of the checks.
    """
    if loaded.problems:
        skipped = warning("settings", "all other checks were skipped", "fix the settings first")
        return [*results_of_problems("settings", loaded.problems), skipped]
    settings = loaded.settings
    return [
        *check_settings(settings),
        *check_plugins(settings, plugins),
        *check_store(settings, plugins),
        *check_time_zone(settings, time.time()),
        *check_account(settings),
        # The last one, because it can wait for a server that does not answer.
        *check_webhook(settings, url),
    ]
