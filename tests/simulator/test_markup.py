"""The XML reader for untrusted documents."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrkit.simulator.twiml.markup import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, Element, MarkupError, parse


def test_elements_have_their_location():
    """An element has the line and column of its start, its attributes, and its texts and elements in order."""
    root = parse(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n  <Say voice="man">A<break/>B</Say> C</Response>'
    )
    (say,) = root.children
    assert (root.name, root.line, root.column) == ("Response", 2, 1)
    assert (say.name, dict(say.attributes), say.line, say.column) == ("Say", {"voice": "man"}, 3, 3)
    assert [each if isinstance(each, str) else each.name for each in say.content] == ["A", "break", "B"]
    assert (say.text, root.text) == ("AB", "\n   C")


def test_all_text_joins_the_nested_texts():
    """The method all_text joins nested texts with single spaces, without comments and processing instructions."""
    root = parse(b"<Response> One <p>two\n\n three</p><!-- no --><?no no?><![CDATA[<four>]]></Response>")
    assert root.all_text() == "One two three<four>"


@pytest.mark.parametrize(
    ("charset", "declared", "encoding"),
    [
        (None, "", "utf-8"),
        ("iso-8859-1", "", "iso-8859-1"),
        ("ISO-8859-1", "", "iso-8859-1"),
        ("utf-8", "", "utf-8"),
        ("klingon", "", "utf-8"),
        (None, '<?xml version="1.0" encoding="iso-8859-1"?>', "iso-8859-1"),
        (None, '<?xml version="1.0" encoding="utf-16"?>', "utf-16"),
    ],
)
def test_the_character_set_comes_from_the_content_type_or_the_document(charset, declared, encoding):
    """A known character set of the Content-Type is used, else the one of the document."""
    assert parse(f"{declared}<Response>é</Response>".encode(encoding), charset).text == "é"


FAULTS = [
    pytest.param(b"", 12100, "the document is empty", 0, 0, id="empty"),
    pytest.param(b" \n", 12100, "the document is empty", 0, 0, id="blank"),
    pytest.param(
        b"x" * (MAX_BYTES + 1), 11750, "the document must have at most 65536 bytes, not 65537", 0, 0, id="large"
    ),
    pytest.param(b"<Response>", 12100, "invalid XML: no element found", 1, 11, id="unclosed"),
    pytest.param(b"<Response></Say>", 12100, "invalid XML: mismatched tag", 1, 13, id="mismatched"),
    pytest.param(
        b"<Response>\n A & B</Response>", 12100, "invalid XML: not well-formed (invalid token)", 2, 5, id="ampersand"
    ),
    pytest.param(b"<Response>&nbsp;</Response>", 12100, "invalid XML: undefined entity", 1, 11, id="entity"),
    pytest.param(b"<Response/><Response/>", 12100, "invalid XML: junk after document element", 1, 12, id="two-roots"),
    pytest.param(
        b'\n<?xml version="1.0"?><Response/>',
        12100,
        "invalid XML: XML or text declaration not at start of entity",
        2,
        1,
        id="blank-first",
    ),
    pytest.param(b"Hello", 12100, "invalid XML: syntax error", 1, 1, id="text"),
    pytest.param(b"<response/>", 12102, "the root must be <Response>, not <response>", 1, 1, id="root"),
    pytest.param(
        b'<!DOCTYPE Response [<!ENTITY a "b">]><Response>&a;</Response>',
        12100,
        "a DOCTYPE is not allowed",
        1,
        20,
        id="doctype",
    ),
    pytest.param(
        b'<?xml version="1.0" encoding="klingon"?><Response/>',
        12100,
        "invalid XML: unknown encoding: klingon",
        0,
        0,
        id="encoding",
    ),
    pytest.param(
        b"<Response>\xff</Response>", 12100, "invalid XML: not well-formed (invalid token)", 1, 11, id="bytes"
    ),
    pytest.param(
        b'<?xml version="2.0"?><Response/>', 12101, "the XML version must be 1.0, not 2.0", 1, 1, id="version"
    ),
    pytest.param(
        b"<Response>" + b"<p>" * MAX_DEPTH, 12100, "elements must be nested at most 50 deep", 1, 158, id="deep"
    ),
    pytest.param(
        b"<Response>" + b"<p/>" * MAX_ELEMENTS,
        12100,
        "the document must have at most 5000 elements",
        1,
        20007,
        id="many",
    ),
]


@pytest.mark.parametrize(("body", "code", "what", "line", "column"), FAULTS)
def test_an_unreadable_document_is_an_error(body, code, what, line, column):
    """The error for an unreadable document has Twilio's code, a message and the location."""
    with pytest.raises(MarkupError) as refused:
        parse(body)
    found = refused.value
    assert (found.code, found.message, found.line, found.column) == (code, what, line, column)


@settings(deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    st.none() | st.sampled_from(["utf-16", "us-ascii", "x"]),
)
def test_any_bytes_are_read_or_refused(body, charset):
    """Any bytes are either read as an element or refused with MarkupError."""
    with suppress(MarkupError):
        assert isinstance(parse(body, charset), Element)


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="&<>\ufffe\uffff"), max_size=50)
)
def test_texts_are_read_unchanged(text):
    """Any text that XML can hold is read unchanged."""
    assert parse(f"<Response>{text}</Response>".encode()).text == text
