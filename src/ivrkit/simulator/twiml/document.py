"""What an app answered, read as Twilio reads it: a document of verbs, a sound, or a text."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from ivrkit.simulator.twiml.grammar import LintWarning, lint
from ivrkit.simulator.twiml.markup import MOST_BYTES, Element, MarkupError, parse
from ivrkit.simulator.wire.messages import Failure, Response

#: https://www.twilio.com/docs/voice/twiml, "Twilio understands MIME types"
XML_TYPES = ("text/xml", "application/xml", "text/html")


class Unreadable(Failure):
    """An answer that can't be read, and where in it the reason stands."""

    def __init__(self, code: int, failure_type: str, message: str, line: int, column: int) -> None:
        super().__init__(code, failure_type, message)
        self.line = line
        self.column = column


def place_of(failure: Failure) -> tuple[int, int]:
    """Return the line and the column of what a failure is about, zeros where it has none."""
    return (failure.line, failure.column) if isinstance(failure, Unreadable) else (0, 0)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can be played.

    :param url: where it came from: what is relative in it is relative to this.
    :param root: its ``Response``.
    :param lint: what Twilio warns of.
    :param notes: what the simulator has to say, each with its hint.
    """

    url: str
    root: Element
    lint: tuple[LintWarning, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def read(url: str, answer: Response, failed_status_code: int) -> Document:
    """Read what was answered.

    :param url: what answered.
    :param failed_status_code: Twilio's error for a status of 400 or above.
    :raises Failure: with Twilio's code, when it can use nothing of it.
    """
    if answer.status >= 400:
        because = f": {answer.error}" if answer.error else ""
        raise Failure(failed_status_code, "status", f"the answer has the status {answer.status}{because}")
    if len(answer.body) > MOST_BYTES:
        raise Failure(11750, "other", f"the answer has {len(answer.body)} bytes, and at most {MOST_BYTES} are read")
    content_type, charset = _type_of(answer)
    if content_type.startswith("audio/"):
        return Document(url, _only("Play", url))
    if content_type == "text/plain":
        return _plain(url, answer, charset)
    if content_type not in XML_TYPES:
        what = f"of the type {content_type!r}" if content_type else "without a Content-Type"
        raise Failure(12300, "other", f"the answer is {what}")
    try:
        root = parse(answer.body, charset)
    except MarkupError as error:
        raise Unreadable(error.code, "other", error.message, error.line, error.column) from None
    notes = (("the answer calls itself text/html", "answer with text/xml"),) if content_type == "text/html" else ()
    return Document(url, root, tuple(lint(root)), notes)


def _plain(url: str, answer: Response, charset: str | None) -> Document:
    """Read a plain text: as a document when it is one, else aloud."""
    note = (("the answer calls itself text/plain", "answer with text/xml"),)
    try:
        root = parse(answer.body, charset)
    except MarkupError:
        text = " ".join(answer.body.decode("utf-8", "replace").split())
        return Document(url, _only("Say", text), (), note)
    return Document(url, root, tuple(lint(root)), note)


def _only(verb: str, text: str) -> Element:
    return Element("Response", {}, (Element(verb, {}, (text,), 0, 0),), 0, 0)


def _type_of(answer: Response) -> tuple[str, str | None]:
    """Return the media type without its parameters, and the character set."""
    written = answer.header("Content-Type")
    if not written:
        return "", None
    message = Message()
    message["Content-Type"] = written
    charset = message.get_param("charset")
    return message.get_content_type() if "/" in written else written, charset if isinstance(charset, str) else None
