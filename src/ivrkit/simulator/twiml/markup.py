"""An XML reader for untrusted documents. The reader keeps the line and the column of each element.

Expat alone would expand the entities that a document defines, and would read a document of any size. So the reader
refuses every DOCTYPE, because only a DOCTYPE can define entities. The reader also limits the size of a document, the
number of elements, and the depth to which elements are nested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

#: https://www.twilio.com/docs/api/errors/11750
MAX_BYTES = 64 * 1024
MAX_DEPTH = 50
MAX_ELEMENTS = 5000
#: The character sets that expat can read.
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "utf-16"})


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """An XML element of a document.

    :param content: the texts and elements directly in this element, in order.
    :param line: the line of the start tag, counted from 1.
    :param column: the column at which the start tag begins, counted from 1.
    """

    name: str
    attributes: Mapping[str, str]
    content: tuple[Element | str, ...]
    line: int
    column: int

    @property
    def children(self) -> tuple[Element, ...]:
        """The child elements of this element."""
        return tuple(each for each in self.content if isinstance(each, Element))

    @property
    def text(self) -> str:
        """The text directly in this element, without the text in child elements."""
        return "".join(each for each in self.content if isinstance(each, str))

    def all_text(self) -> str:
        """Return the text of this element and of all elements in this element.

        Each run of white space becomes one space.
        """
        return " ".join(self._nested_text().split())

    def _nested_text(self) -> str:
        return "".join(each if isinstance(each, str) else each._nested_text() for each in self.content)


class MarkupError(ValueError):
    """The error for a document that is not valid XML with the root ``Response``.

    :param code: Twilio's error code.
    :param message: the problem as a sentence.
    :param line: the line of the problem, counted from 1; 0 if unknown.
    :param column: the column of the problem, counted from 1; 0 if unknown.
    """

    def __init__(self, code: int, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column


class _TreeBuilder:
    """Builds the tree of elements from the events of the XML parser expat."""

    def __init__(self, charset: str | None) -> None:
        # An unknown character set of the Content-Type is ignored: the XML declaration decides.
        self.parser: Any = expat.ParserCreate(charset if (charset or "").lower() in _CHARSETS else None)
        self.parser.buffer_text = True
        self.parser.ordered_attributes = False
        self.parser.StartElementHandler = self._start_element
        self.parser.EndElementHandler = self._end_element
        self.parser.CharacterDataHandler = self._add_text
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.XmlDeclHandler = self._check_version
        #: The open elements, outermost first: name, attributes, content so far, line and column.
        self._open: list[tuple[str, Mapping[str, str], list[Element | str], int, int]] = []
        self._count = 0
        self.root: Element | None = None

    def _error(self, message: str, code: int = 12100) -> MarkupError:
        """Return an error with the current line and column of the XML parser."""
        return MarkupError(code, message, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _start_element(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if len(self._open) == MAX_DEPTH:
            raise self._error(f"elements must be nested at most {MAX_DEPTH} deep")
        if self._count > MAX_ELEMENTS:
            raise self._error(f"the document must have at most {MAX_ELEMENTS} elements")
        if not self._open and name != "Response":
            raise self._error(f"the root must be <Response>, not <{name}>", 12102)
        location = (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        self._open.append((name, attributes, [], *location))

    def _end_element(self, name: str) -> None:
        # An element is immutable, so it is made when all of its content is known.
        name, attributes, content, line, column = self._open.pop()
        element = Element(name, attributes, tuple(content), line, column)
        if self._open:
            self._open[-1][2].append(element)
        else:
            self.root = element

    def _add_text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def _check_version(self, version: str, _encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            raise self._error(f"the XML version must be 1.0, not {version}", 12101)

    def _refuse_doctype(self, *_doctype: object) -> None:
        raise self._error("a DOCTYPE is not allowed")


def parse(body: bytes, charset: str | None = None) -> Element:
    """Parse a document, and return its root element.

    :param body: the document as bytes.
    :param charset: the character set in the Content-Type of the response, or ``None`` if the Content-Type has no
        character set.
    :raises MarkupError: if the document is not valid XML with the root ``Response``.
    """
    if len(body) > MAX_BYTES:
        raise MarkupError(11750, f"the document must have at most {MAX_BYTES} bytes, not {len(body)}")
    if not body.strip():
        raise MarkupError(12100, "the document is empty")
    builder = _TreeBuilder(charset)
    try:
        builder.parser.Parse(body, True)
    except expat.ExpatError as error:
        message = f"invalid XML: {expat.ErrorString(error.code)}"
        raise MarkupError(12100, message, error.lineno, error.offset + 1) from None
    except (ValueError, LookupError) as error:
        if isinstance(error, MarkupError):
            raise
        # Python's codecs raise these for an encoding that is unknown or not one of text.
        raise MarkupError(12100, f"invalid XML: {error}") from None
    assert builder.root is not None  # noqa: S101  expat has seen the end of the root
    return builder.root
