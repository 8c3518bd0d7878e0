"""Reads XML that nobody vouches for: no DTDs, no depth without end, and each element knows its line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

#: https://www.twilio.com/docs/api/errors/11750
MOST_BYTES = 64 * 1024
MOST_DEPTH = 50
MOST_ELEMENTS = 5000
#: The character sets of a Content-Type that expat reads.
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "utf-16"})


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """An element of a document.

    :param content: what is in it, in order: texts and elements.
    :param line: from 1.
    :param column: of its ``<``, from 1.
    """

    name: str
    attributes: Mapping[str, str]
    content: tuple[Element | str, ...]
    line: int
    column: int

    @property
    def children(self) -> tuple[Element, ...]:
        """The elements in it."""
        return tuple(each for each in self.content if isinstance(each, Element))

    @property
    def text(self) -> str:
        """The text directly in it."""
        return "".join(each for each in self.content if isinstance(each, str))

    def all_text(self) -> str:
        """Return the text in it and in whatever is in it, with single blanks."""
        return " ".join(self._texts().split())

    def _texts(self) -> str:
        return "".join(each if isinstance(each, str) else each._texts() for each in self.content)


class MarkupError(ValueError):
    """A document that can't be read.

    :param code: Twilio's.
    :param message: what is wrong, in a sentence.
    """

    def __init__(self, code: int, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column


class _Builder:
    def __init__(self, charset: str | None) -> None:
        self.parser: Any = expat.ParserCreate(charset if (charset or "").lower() in _CHARSETS else None)
        self.parser.buffer_text = True
        self.parser.ordered_attributes = False
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.XmlDeclHandler = self._declaration
        self._open: list[tuple[str, Mapping[str, str], list[Element | str], int, int]] = []
        self._count = 0
        self.root: Element | None = None

    def _error(self, what: str, code: int = 12100) -> MarkupError:
        return MarkupError(code, what, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if len(self._open) == MOST_DEPTH:
            raise self._error(f"elements stand in one another more than {MOST_DEPTH} deep")
        if self._count > MOST_ELEMENTS:
            raise self._error(f"there are more than {MOST_ELEMENTS} elements")
        if not self._open and name != "Response":
            raise self._error(f"the root is <{name}>, and has to be <Response>", 12102)
        at = (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        self._open.append((name, attributes, [], *at))

    def _end(self, name: str) -> None:
        name, attributes, content, line, column = self._open.pop()
        element = Element(name, attributes, tuple(content), line, column)
        if self._open:
            self._open[-1][2].append(element)
        else:
            self.root = element

    def _characters(self, text: str) -> None:
        self._open[-1][2].append(text)

    def _declaration(self, version: str, _encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            raise self._error("it is of another version of XML than 1.0", 12101)

    def _doctype(self, *_told: object) -> None:
        raise self._error("it has a DOCTYPE, and none is read")


def parse(body: bytes, charset: str | None = None) -> Element:
    """Return the root of a document.

    :param charset: the Content-Type's.
    :raises MarkupError: for anything but a ``Response``.
    """
    if len(body) > MOST_BYTES:
        raise MarkupError(11750, f"the document has {len(body)} bytes, and at most {MOST_BYTES} are read")
    if not body.strip():
        raise MarkupError(12100, "the document is empty")
    builder = _Builder(charset)
    try:
        builder.parser.Parse(body, True)
    except expat.ExpatError as error:
        raise MarkupError(
            12100, f"it is no XML: {expat.ErrorString(error.code)}", error.lineno, error.offset + 1
        ) from None
    except (ValueError, LookupError) as error:
        if isinstance(error, MarkupError):
            raise
        raise MarkupError(12100, f"it is no XML: {error}") from None
    assert builder.root is not None  # noqa: S101  expat has seen its end
    return builder.root
