"""The document in a response, read as Twilio reads it: TwiML, a sound or a plain text."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.twiml.letter_case import with_usual_letter_case
from ivrkit.simulator.twiml.lint import LintWarning, lint
from ivrkit.simulator.twiml.markup import MAX_BYTES, Element, MarkupError, parse
from ivrkit.simulator.wire.messages import Failure, Response

#: https://www.twilio.com/docs/voice/twiml, "Twilio understands MIME types"
XML_TYPES = ("text/xml", "application/xml", "text/html")
_PLAIN_TEXT, _PLAIN_TEXT_HINT = "the Content-Type of the response is text/plain", "answer with text/xml"


class UnreadableDocument(Failure):
    """The error for a document that is not valid TwiML. The error has the line and the column of the problem."""

    def __init__(self, code: int, failure_type: str, message: str, line: int, column: int) -> None:
        super().__init__(code, failure_type, message)
        self.line = line
        self.column = column


def location_of(failure: Failure) -> tuple[int, int]:
    """Return the line and column of a failure, or ``(0, 0)`` if the failure has no location."""
    return (failure.line, failure.column) if isinstance(failure, UnreadableDocument) else (0, 0)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can be played.

    :param url: the URL that returned the document. A relative URL in the document is resolved against this URL.
    :param root: the ``Response`` element of the document.
    :param warnings: the warnings that Twilio would report about the document.
    :param notes: notes of the simulator. Each note is a pair of message and hint.
    """

    url: str
    root: Element
    warnings: tuple[LintWarning, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def read_document(url: str, response: Response, assumptions: Assumptions) -> Document:
    """Read the document of a response.

    :param url: the URL that responded.
    :param status_error_code: Twilio's error code for an HTTP status of 400 or above.
    :raises Failure: if Twilio can't use the response. The failure has Twilio's error code.
    """
    # The status comes first: the body of an error page is not a document, of any type.
    if response.status >= 400:
        cause = f": {response.error}" if response.error else ""
        raise Failure(assumptions.status_error_code, "status", f"the response has the status {response.status}{cause}")
    if len(response.body) > MAX_BYTES:
        message = f"the response must have at most {MAX_BYTES} bytes, not {len(response.body)}"
        raise Failure(11750, "other", message)
    content_type, charset = _content_type_of(response)
    if content_type.startswith("audio/"):
        return Document(url, _document_of("Play", url))
    if content_type == "text/plain":
        return _read_plain_text(url, response, charset, assumptions)
    if content_type not in XML_TYPES:
        found = f"must be text/xml, not {content_type!r}" if content_type else "is missing"
        raise Failure(12300, "other", f"the Content-Type of the response {found}")
    try:
        root = _parse(response, charset, assumptions)
    except MarkupError as error:
        raise UnreadableDocument(error.code, "other", error.message, error.line, error.column) from None
    return Document(url, root, tuple(lint(root)))


def _parse(response: Response, charset: str | None, assumptions: Assumptions) -> Element:
    root = parse(response.body, charset)
    return with_usual_letter_case(root) if assumptions.ignore_letter_case_of_values else root


def _read_plain_text(url: str, response: Response, charset: str | None, assumptions: Assumptions) -> Document:
    """Return the document of a ``text/plain`` response: the TwiML in the text, else a ``Say`` with the text."""
    try:
        root = _parse(response, charset, assumptions)
    except MarkupError:
        text = " ".join(response.body.decode("utf-8", "replace").split())
        note = f"{_PLAIN_TEXT}, so Twilio reads the text aloud and hangs up"
        return Document(url, _document_of("Say", text), (), ((note, _PLAIN_TEXT_HINT),))
    note = f"{_PLAIN_TEXT}, so Twilio reads the document aloud if a mistake makes it invalid"
    return Document(url, root, tuple(lint(root)), ((note, _PLAIN_TEXT_HINT),))


def _document_of(verb: str, text: str) -> Element:
    """Return a document with one verb, for a response that is not TwiML.

    :param verb: ``Play`` or ``Say``.
    :param text: the text in the verb.
    """
    return Element("Response", {}, (Element(verb, {}, (text,), 0, 0),), 0, 0)


def _content_type_of(response: Response) -> tuple[str, str | None]:
    """Return the media type of a response, and the character set.

    :returns: a pair. The media type has no parameters, and is ``""`` if the response has no Content-Type. The character
        set is ``None`` if the Content-Type has no character set.
    """
    header = response.header("Content-Type")
    if not header:
        return "", None
    message = Message()
    message["Content-Type"] = header
    charset = message.get_param("charset")
    # Message turns a type without a slash into text/plain, which Twilio would accept: keep the header instead.
    return message.get_content_type() if "/" in header else header, charset if isinstance(charset, str) else None
