"""The rendering of verbs to bytes."""

from xml.sax.saxutils import quoteattr, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml import GenericNode
from twilio.twiml.voice_response import (
    Connect,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Number,
    Pause,
    Pay,
    Play,
    Record,
    Redirect,
    Refer,
    Reject,
    Say,
    VoiceResponse,
)

from ivrkit import FlowError, Text, ask
from ivrkit.flow.compile.fragments import Content, quote_attribute
from ivrkit.flow.compile.twiml import (
    EMPTY_RESPONSE,
    RenderContext,
    document,
    render,
    to_verbs,
    with_connection_overrides,
)

WRITE_A_PROMPT = "write a prompt; a function must return one from every branch"


def xml(*verbs, **context):
    """Return verbs as rendered text."""
    return render(to_verbs(list(verbs)), RenderContext(**context)).xml.decode()


def test_a_text_becomes_a_say():
    """A text becomes a Say in the language of the context, a blank text nothing."""
    assert xml("Hello.") == '<Say language="en-US">Hello.</Say>'
    assert xml("", "  ") == ""
    assert xml(Text("acme.hello")) == '<Say language="en-US">acme.hello</Say>'


def test_lists_are_flattened():
    """Nested lists and tuples are rendered in order."""
    assert [verb.name for verb in to_verbs(["A.", ("B.", [Pause()]), Play("u")])] == ["Say", "Say", "Pause", "Play"]


def test_voice_and_language_go_to_a_say_that_has_neither():
    """A Say with its own voice or language gets neither from the context, because a wrong pair can fail."""
    content = [Say("A."), Say("B.", voice="alice"), Say("C.", language="fr-FR")]
    assert xml(*content, voice="Polly.Amy", language="en-GB") == (
        '<Say voice="Polly.Amy" language="en-GB">A.</Say><Say voice="alice">B.</Say><Say language="fr-FR">C.</Say>'
    )


def test_a_say_inside_a_gather_gets_voice_and_language():
    """A Say inside a Gather gets voice and language too."""
    assert xml(ask("A."), language="de-DE") == (
        '<Gather actionOnEmptyResult="true" action="webhook"><Say language="de-DE">A.</Say></Gather>'
    )


def test_rendering_does_not_change_the_verb():
    """A verb that is rendered in two contexts gets the attributes of each, and stays unchanged."""
    gather = ask("A.")
    before = (dict(gather.attrs), [dict(verb.attrs) for verb in gather.verbs])
    assert 'numDigits="1"' in xml(gather, num_digits=1)
    assert 'numDigits="2"' in xml(gather, num_digits=2)
    assert (dict(gather.attrs), [dict(verb.attrs) for verb in gather.verbs]) == before


@pytest.mark.parametrize(
    ("verb", "rendered"),
    [
        (Gather(), '<Gather action="webhook" actionOnEmptyResult="true" />'),
        (Gather(action_on_empty_result=False), '<Gather actionOnEmptyResult="true" action="webhook" />'),
        (Record(), '<Record action="webhook" /><Redirect>webhook</Redirect>'),
        (Pay(), '<Pay action="webhook" />'),
        (Dial("+15550100"), '<Dial action="webhook">+15550100</Dial>'),
        (Enqueue("q"), '<Enqueue action="webhook">q</Enqueue>'),
        (Connect(), '<Connect action="webhook" />'),
        (Refer(), '<Refer action="webhook" />'),
        (Gather(action="/own"), '<Gather action="/own" actionOnEmptyResult="true" />'),
    ],
)
def test_a_waiting_verb_gets_the_webhook_as_action(verb, rendered):
    """Every waiting verb gets the relative action, unless its author gave one. A Gather also sends silence."""
    assert xml(verb) == rendered


@pytest.mark.parametrize(
    ("verb", "rendered"),
    [
        (Gather(), '<Gather action="webhook" />'),
        (Record(), '<Record action="webhook" />'),
        (Pay(), '<Pay action="webhook" />'),
        (Dial("+15550100"), "<Dial>+15550100</Dial>"),
        (Enqueue("q"), "<Enqueue>q</Enqueue>"),
    ],
)
def test_a_dial_before_other_verbs_gets_no_action(verb, rendered):
    """A Dial before other verbs gets no action. Verbs that would request the current document get the webhook."""
    assert xml(verb, "After.") == f'{rendered}<Say language="en-US">After.</Say>'


def test_a_gather_with_routes_always_sends_silence():
    """A Gather of a state with routes sends silence, even if verbs follow it."""
    assert xml(Gather(), "After.", has_routes=True).startswith('<Gather action="webhook" actionOnEmptyResult="true" />')


def test_num_digits_is_written_if_the_author_set_none():
    """A Gather gets numDigits, unless its author set it."""
    assert xml(Gather(), num_digits=2) == '<Gather action="webhook" actionOnEmptyResult="true" numDigits="2" />'
    assert 'numDigits="4"' in xml(Gather(num_digits=4), num_digits=2)
    assert "numDigits" not in xml(Gather())
    assert "numDigits" not in xml(Dial("+15550100"), num_digits=1)


def test_a_gather_for_speech_gets_the_language():
    """A Gather that listens to speech gets the language, unless it has its own."""
    assert 'language="en-GB"' in xml(Gather(input="dtmf speech"), language="en-GB")
    assert xml(Gather(input="speech", language="fr-FR"), language="en-GB").count("language") == 1
    assert "language" not in xml(Gather(input="dtmf"))


def test_characters_that_xml_forbids_are_removed():
    """Control characters and half surrogates are removed, because Twilio would end the call."""
    assert xml("a\x00b\x0bc\ud800d\ufffee\tf\ng\U0001f600") == '<Say language="en-US">abcde\tf\ng\U0001f600</Say>'
    assert xml(Play("u\x01rl")) == "<Play>url</Play>"
    assert xml(Dial("+1", caller_id="x\x02y")) == '<Dial callerId="xy" action="webhook">+1</Dial>'
    say = Say()
    say.append("one\x03")
    say.break_()
    say.append("two\x04")
    assert xml(say) == '<Say language="en-US">one<break />two</Say>'


def test_markup_in_a_text_is_text():
    """Markup in a text is escaped, and so it is spoken."""
    assert xml("a < b & <Hangup/>") == '<Say language="en-US">a &lt; b &amp; &lt;Hangup/&gt;</Say>'


def test_a_number_as_the_text_of_a_verb():
    """A number as the text of a verb is written as text."""
    assert xml(Dial(15550100)) == '<Dial action="webhook">15550100</Dial>'


def test_the_facts_about_rendered_content():
    """Content has the names of its verbs, the waiting verb with its attributes, and whether the document ends."""
    content = render(to_verbs(["A.", ask("B?", finish_on_key="*")]), RenderContext())
    sent = {"action": "webhook", "actionOnEmptyResult": "true", "finishOnKey": "*"}
    assert content == Content(content.xml, len(content.xml), ("Say", "Gather"), "Gather", False, sent, None)
    content = render(to_verbs([Gather(action="/x")]), RenderContext())
    assert (content.waiting_verb, content.custom_action) == ("Gather", "/x")
    content = render(to_verbs([Dial("+1", action="/y")]), RenderContext())
    assert (content.waiting_verb, content.verb_attributes, content.custom_action) == ("Dial", {"action": "/y"}, "/y")
    for verb in (Hangup(), Reject(), Redirect("u")):
        content = render(to_verbs(["A.", verb]), RenderContext())
        assert (content.waiting_verb, content.ends_document, content.custom_action) == (None, True, None)
    assert render([], RenderContext()) == Content(b"", 0, (), None, False, {}, None)


def test_a_document_joins_fragments():
    """The fragments of a response are joined inside one Response element."""
    assert document([b"<Hangup />", b"<Leave />"]) == (
        b'<?xml version="1.0" encoding="UTF-8"?><Response><Hangup /><Leave /></Response>'
    )
    assert EMPTY_RESPONSE == b'<?xml version="1.0" encoding="UTF-8"?><Response />'


def test_an_unknown_verb_can_be_a_generic_node():
    """A verb that twilio's library does not know is passed on as a GenericNode."""
    assert xml(GenericNode("Newest", "now", loud=True)) == '<Newest loud="true">now</Newest>'


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (None, "enter must give a text, a verb, a list of these, or a Menu, not None", WRITE_A_PROMPT),
        (5, "enter must give a text, a verb, a list of these, or a Menu, not 5", WRITE_A_PROMPT),
        ({"a": 1}, "enter must give a text, a verb, a list of these, or a Menu, not {'a': 1}", WRITE_A_PROMPT),
        (
            VoiceResponse(),
            "enter must give verbs, not a VoiceResponse",
            "give the verbs alone: [Say(...), Record(...)]",
        ),
        (Number("+1"), "enter must give verbs, and Number is not one", "put it inside the verb that it belongs to"),
    ],
)
def test_invalid_content_is_refused(content, message, hint):
    """Content that is not a text, a verb or a list of these is refused."""
    for each in (content, ["A.", [content]]):
        with pytest.raises(FlowError) as caught:
            to_verbs(each)
        assert (caught.value.message, caught.value.hint) == (message, hint)


def test_ssml_stays_inside_its_say():
    """SSML elements inside a Say are rendered as they are."""
    say = Say()
    say.prosody("Slow.", rate="slow")
    assert xml(say) == '<Say language="en-US"><prosody rate="slow">Slow.</prosody></Say>'


def test_the_flows_action_has_connection_overrides():
    """The webhook's address gets the connection overrides as its fragment. An author's action does not."""
    assert xml(Gather(), connection_overrides="rc=1&rp=ct").startswith('<Gather action="webhook#rc=1&amp;rp=ct" ')
    assert xml(Dial("+1", action="/own"), connection_overrides="rc=1&rp=ct") == '<Dial action="/own">+1</Dial>'
    assert with_connection_overrides("../webhook?again=1", "rc=1") == "../webhook?again=1#rc=1"
    assert with_connection_overrides("webhook", "") == "webhook"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_attribute_is_quoted_as_the_standard_library_quotes_it(value):
    """quote_attribute returns the same text as quoteattr, which has another form only for double quotes."""
    assert unquote(quote_attribute(value)) == unquote(quoteattr(value))
    if '"' not in value:
        assert quote_attribute(value) == quoteattr(value)


def unquote(attribute):
    """Return the value of a quoted attribute."""
    references = {"&#10;": "\n", "&#13;": "\r", "&#9;": "\t", "&quot;": '"'}
    return unescape(attribute[1:-1], references)


NAMES = "use the names of Twilio's documentation: letters, digits, - and _"


def say_with_child():
    """Return a Say with a child whose name is not a name of XML."""
    say = Say("x")
    say.add_child("e><x", "y")
    return say


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        (GenericNode("a b><c", "x"), "the name of an element must be a name of XML, not 'a b><c'"),
        (GenericNode(5, "x"), "the name of an element must be a name of XML, not 5"),
        (GenericNode("{urn:x}Say", "x"), "the name of an element must be a name of XML, not '{urn:x}Say'"),
        (say_with_child(), "the name of an element must be a name of XML, not 'e><x'"),
        (Say("x", **{"a b": "c"}), "the name of an attribute of Say must be a name of XML, not 'a b'"),
        (Say("x", **{"q:r": "s"}), "the name of an attribute of Say must be a name of XML, not 'q:r'"),
        (Say("x", **{"1st": "s"}), "the name of an attribute of Say must be a name of XML, not '1st'"),
    ],
)
def test_names_that_are_not_names_of_xml_are_refused(verb, message):
    """An element or attribute whose name XML does not allow is an error of the state, because Twilio would hang up."""
    with pytest.raises(FlowError) as caught:
        render([verb], RenderContext())
    assert (caught.value.message, caught.value.hint) == (message, NAMES)


def test_an_attribute_of_xml_itself():
    """The attribute ``xml:lang`` of SSML is allowed, although it has a colon."""
    say = Say("x")
    say.lang("y", xml_lang="fr-FR")
    say.add_child("emphasis", "z", **{"xml:lang": "fr-FR"})
    assert b'<emphasis xml:lang="fr-FR">z</emphasis>' in render([say], RenderContext()).xml
