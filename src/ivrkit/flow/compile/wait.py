"""The URL and the document of a wait in a queue that ivrkit controls: https://www.twilio.com/docs/voice/twiml/enqueue.

Twilio requests the document again and again while the caller waits, and says how long the caller has waited. So ivrkit
plays a piece of music each time, until the caller has waited long enough. The request changes no session. All that the
document needs is in the URL, which Twilio signs.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from urllib.parse import urlencode

from ivrkit.flow.compile.twiml import WEBHOOK_ACTION, document

#: The path of waits, below the path of the webhook.
WAIT_PATH = "wait"


def wait_url(music: str, max_minutes: int | None) -> str:
    """Return the URL of the document for a waiting caller, relative to the URL of the webhook.

    The query parameters are sorted by name, because some implementations of Twilio's signature sort them.

    :param music: the URL of the music.
    :param max_minutes: the longest wait in minutes, or ``None`` for the setting ``max_queue_minutes``.
    """
    query = {} if max_minutes is None else {"minutes": str(max_minutes)}
    return f"{WEBHOOK_ACTION}/{WAIT_PATH}?{urlencode({**query, 'music': music})}"


def answer_wait(query: Mapping[str, str], queue_time: str, max_minutes: int) -> bytes:
    """Return the TwiML document for a caller who waits in a queue.

    :param query: the query parameters in the URL that :func:`wait_url` returned.
    :param queue_time: Twilio's parameter ``QueueTime``: how long the caller has waited, in seconds.
    :param max_minutes: the setting ``max_queue_minutes``.
    :returns: a document with the music, or a document that lets the caller leave the queue.
    """
    minutes = _number(query.get("minutes", ""), max_minutes)
    if _number(queue_time, 0) >= minutes * 60:
        return document([b"<Leave />"])
    return document([f"<Play>{html.escape(query.get('music', ''))}</Play>".encode()])


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() else default
