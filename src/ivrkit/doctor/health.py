"""The health page of the running app, which shows whether ivrkit answers and whether its session store works."""

from __future__ import annotations

import json

from ivrkit.doctor.results import CheckResult, failed
from ivrkit.simulator import Response
from ivrkit.web.webhook import DEGRADED, HEALTHY


def health_in(response: Response | None) -> str:
    """Return the ``status`` in a response of ivrkit's ``/healthz``, or ``""`` for any other response.

    :param response: the response, or ``None`` if no response arrived.
    """
    try:
        health = json.loads(response.body) if response else None
    except ValueError:
        return ""
    status = health.get("status") if isinstance(health, dict) else ""
    return status if status in (HEALTHY, DEGRADED) else ""


def check_app_store(response: Response | None) -> list[CheckResult]:
    """Return a failed check if the session store of the app does not work.

    :param response: the response of ``/healthz``. A proxy may hide this page, and then nothing is checked.
    """
    if health_in(response) != DEGRADED:
        return []
    message = "the running app cannot use its session store, so it keeps sessions in cookies only"
    return [failed("store", message, "read the app's log, and check session_url on its machine")]
