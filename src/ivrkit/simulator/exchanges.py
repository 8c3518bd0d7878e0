"""The requests for documents among the events of a call, with their responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ivrkit.simulator.events import Event, Requested, Responded

#: Purposes of the requests whose response is a document to play.
DOCUMENT_PURPOSES = frozenset({"webhook", "action", "redirect", "fallback", "wait", "screening"})


def document_responses(events: Iterable[Event]) -> list[Responded]:
    """Return the responses with a document to play, in order."""
    return [each for each in events if isinstance(each, Responded) and each.purpose in DOCUMENT_PURPOSES]


def last_document_exchange(events: Sequence[Event]) -> tuple[Requested, Responded | None]:
    """Return the last request for a document, and its response.

    :param events: the events of a call, which begins with a request for a document.
    :returns: the request and its response. The response is ``None`` if the request failed.
    """
    index, request = next(
        (index, each)
        for index, each in reversed(list(enumerate(events)))
        if isinstance(each, Requested) and each.purpose in DOCUMENT_PURPOSES
    )
    # A response is the event after its request. A request that failed has none.
    after = events[index + 1] if index + 1 < len(events) else None
    return request, after if isinstance(after, Responded) else None
