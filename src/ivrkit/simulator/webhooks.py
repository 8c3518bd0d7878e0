"""Requests of a call in progress: documents, callbacks and media files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ivrkit.simulator.events import Requested, Responded
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.signals import LegEnded, WebhookRequest
from ivrkit.simulator.twiml.document import Document, location_of, read_document
from ivrkit.simulator.wire.messages import Failure, Request, Response, repeated_request
from ivrkit.simulator.wire.overrides import overrides_of


def fetch_document(call: LiveCall, request: WebhookRequest, leg: Leg | None = None) -> Document:
    """Request a document and read it.

    :param leg: the leg whose parameters are sent with the request; by default, the leg of the caller.
    :returns: the document. The warnings about the document have already been reported.
    :raises Failure: if Twilio can't use the response. The failure has already been reported.
    :raises LegEnded: if the call already had the maximum number of documents.
    """
    if call.documents >= call.max_documents:
        # Twilio has no such limit. Without one, a document that redirects to itself would never end.
        call.note(
            f"the call was stopped after {call.documents} documents",
            "look for documents that lead to each other without end, or raise max_documents",
            url=request.url,
        )
        raise LegEnded("too-many-documents")
    call.documents += 1
    leg = leg or call.leg
    call.last_document_request = (request, leg)  # kept before sending, so that a failed request can be repeated
    url = request.url
    try:
        url, response = send_request(call, request, leg)
        document = read_document(url, response, call.assumptions)
    except Failure as failure:
        line, column = location_of(failure)
        call.warn(failure.code, failure.message, url=url, line=line, column=column)
        raise
    for message, hint in document.notes:
        call.note(message, hint, url=url, topic="content-type")
    for warning in document.warnings:
        call.warn(warning.code, warning.message, url=url, line=warning.line, column=warning.column)
    # Twilio sends the callbacks of a recording only after it has requested the action.
    send_pending_callbacks(call)
    return document


def send_request(call: LiveCall, request: WebhookRequest, leg: Leg) -> tuple[str, Response]:
    """Send a request of a leg, and follow redirects. The connection overrides of the URL decide about retries.

    :returns: the URL that responded last, and the response from this URL.
    :raises Failure: if there was no response that Twilio can use.
    """
    return call.client.send(
        request.method,
        request.url,
        {**leg.params(), **request.params},
        on_exchange=_event_emitter(call, request.purpose),
        on_invalid_override=lambda message: call.note(
            message, "see Twilio's page on connection overrides: ct, rt, tt, rc, rp, sni, e"
        ),
    )


def retry_request(call: LiveCall, sent: Requested) -> Responded | None:
    """Send a request again, with the same idempotency token, signature and cookies.

    Twilio does this if the response is lost on its way. The answer to the retry does not change the call.

    :param sent: the request, as it was sent before.
    :returns: the response, or ``None`` if the request failed. The failure has then been reported.
    """
    request = repeated_request(sent.method, sent.url, sent.params, sent.headers)
    result: Response | Failure
    try:
        result = call.client.transport.send(request, overrides_of(sent.url)[0])
    except Failure as failure:
        call.warn(failure.code, failure.message, url=sent.url, level="warning")
        result = failure
    _event_emitter(call, "retry")(request, result)
    last = call.events[-1]
    return last if isinstance(last, Responded) else None


def send_callback(call: LiveCall, request: WebhookRequest, leg: Leg) -> None:
    """Send a callback. The response does not change the call. A failure of the callback is reported as a warning."""
    # Twilio's error codes apply here too, but a failed callback does not end the call.
    try:
        _, response = send_request(call, request, leg)
    except Failure as failure:
        call.warn(failure.code, failure.message, url=request.url, level="warning")
        return
    if response.status >= 400:
        call.warn(15003, f"the {request.purpose} callback returned the status {response.status}", url=request.url)


def send_callback_later(call: LiveCall, request: WebhookRequest, leg: Leg) -> None:
    """Store a callback. The callback is sent after the next document has arrived, or at the end of the call."""
    leg = replace(leg)  # the callback sends the parameters of now, not of the later time
    call.pending_callbacks.append(lambda: send_callback(call, request, leg))


def send_pending_callbacks(call: LiveCall) -> None:
    """Send the callbacks that :func:`send_callback_later` stored."""
    while call.pending_callbacks:
        call.pending_callbacks.pop(0)()


def fetch_media(call: LiveCall, url: str) -> Response | None:
    """Fetch a file with a GET request without parameters. A failure is reported as a warning.

    :returns: the response, or ``None`` if the request failed or if the transport can't reach this URL.
    """
    if not call.client.transport.serves(url):
        return None
    try:
        response = call.client.fetch_file(url, on_exchange=_event_emitter(call, "media"))
    except Failure as failure:
        call.warn(failure.code, failure.message, url=url, level="warning")
        return None
    if response.status >= 400:
        message = f"the request for the file returned the status {response.status}"
        call.warn(call.assumptions.status_error_code, message, url=url, level="warning")
        return None
    return response


def _event_emitter(call: LiveCall, purpose: str) -> Callable[[Request, Response | Failure], None]:
    """Return a function that adds a request and its response to the events of the call."""

    def emit(request: Request, result: Response | Failure) -> None:
        call.emit(
            Requested(
                at=call.at,
                purpose=purpose,
                method=request.method,
                url=request.url,
                params=request.params,
                headers=request.headers,
            )
        )
        if isinstance(result, Response):
            call.emit(_responded(call.at, purpose, request, result))

    return emit


def _responded(at: float, purpose: str, request: Request, response: Response) -> Responded:
    return Responded(
        at=at,
        purpose=purpose,
        url=request.url,
        status=response.status,
        headers=dict(response.headers),
        body="" if purpose == "media" else response.body.decode("utf-8", "replace"),
        took=round(response.took, 6),
        # Headers of an ivrkit host in dev mode; no other host sends them.
        state=response.header("Ivrkit-State"),
        owner=response.header("Ivrkit-Owner"),
        path=[name for name in response.header("Ivrkit-Path").split(", ") if name],
    )
