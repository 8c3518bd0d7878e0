"""The paths of the endpoints of a phone tree, below its ``url_prefix``."""

from __future__ import annotations

from ivrkit.flow.compile.wait import WAIT_PATH
from ivrkit.flow.compile.whisper import WHISPER_PATH

#: The path of the webhook, the only endpoint that enters states.
WEBHOOK_PATH = "/webhook"
#: The path of the endpoint for status callbacks.
STATUS_PATH = f"{WEBHOOK_PATH}/status"
#: The path of the doctor endpoint.
DOCTOR_PATH = f"{WEBHOOK_PATH}/doctor"
#: The paths of the endpoints that answer only requests that Twilio signed.
SIGNED_PATHS = (
    WEBHOOK_PATH,
    STATUS_PATH,
    f"{WEBHOOK_PATH}/fallback",
    f"{WEBHOOK_PATH}/{WHISPER_PATH}",
    f"{WEBHOOK_PATH}/{WAIT_PATH}",
)
#: The paths of all endpoints; the webhook first.
PATHS = (*SIGNED_PATHS, "/healthz", DOCTOR_PATH)
