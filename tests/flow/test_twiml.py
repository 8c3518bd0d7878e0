"""From twilio's verbs to bytes."""

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
from ivrkit.flow.compile.twiml import (
    EMPTY_RESPONSE,
    Content,
    RenderContext,
    document,
    quote_attribute,
    render,
    to_verbs,
    with_connection_overrides,
)

WRITE_A_PROMPT = "write a prompt; a function must return one from every branch"


def xml(*verbs, **context):
    """Return verbs as rendered text."""
    return render(to_verbs(list(verbs)), RenderContext(**context)).xml.decode()


def test_a_text_is_said():
    """A text becomes a Say in the flow's language, a blank one nothing."""
    assert xml("Hello.") == '<Say language="en-US">Hello.</Say>'
    assert xml("", "  ") == ""
    assert xml(Text("acme.hello")) == '<Say language="en-US">acme.hello</Say>'


def test_lists_are_flattened():
    """Lists and tuples of what may be said are said in order."""
    assert [verb.name for verb in to_verbs(["A.", ("B.", [Pause()]), Play("u")])] == ["Say", "Say", "Pause", "Play"]


def test_voice_and_language_go_to_a_say_that_has_neither():
    """A Say with a voice or a language of its own keeps it, and gets nothing: a bad pair can fail."""
    said = [Say("A."), Say("B.", voice="alice"), Say("C.", language="fr-FR")]
    assert xml(*said, voice="Polly.Amy", language="en-GB") == (
        '<Say voice="Polly.Amy" language="en-GB">A.</Say><Say voice="alice">B.</Say><Say language="fr-FR">C.</Say>'
    )


def test_nested_says_are_dressed_too():
    """The Say inside a Gather is a Say."""
    assert xml(ask("A."), language="de-DE") == (
        '<Gather actionOnEmptyResult="true" action="webhook"><Say language="de-DE">A.</Say></Gather>'
    )


def test_an_authors_verb_is_never_changed():
    """Rendering twice, in two contextes, gives each its own, and leaves the verb alone."""
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
        (Record(), '<Record action="webhook" />'),
        (Pay(), '<Pay action="webhook" />'),
        (Dial("+15550100"), '<Dial action="webhook">+15550100</Dial>'),
        (Enqueue("q"), '<Enqueue action="webhook">q</Enqueue>'),
        (Connect(), '<Connect action="webhook" />'),
        (Refer(), '<Refer action="webhook" />'),
        (Gather(action="/own"), '<Gather action="/own" actionOnEmptyResult="true" />'),
    ],
)
def test_a_waiting_verb_asks_the_webhook(verb, rendered):
    """Every waiting verb gets the relative action, unless its author gave one; silence is asked for as well."""
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
def test_what_follows_a_waiting_verb_is_heard(verb, rendered):
    """With something behind it, a Dial gets no action; what would ask the current document gets the webhook."""
    assert xml(verb, "After.") == f'{rendered}<Say language="en-US">After.</Say>'


def test_a_gather_of_a_table_is_always_asked_for_silence():
    """Where exits decide, silence is told whatever follows."""
    assert xml(Gather(), "After.", has_routes=True).startswith('<Gather action="webhook" actionOnEmptyResult="true" />')


def test_num_digits_is_written_where_the_author_set_none():
    """The numDigits is for a Gather, and the author's own comes first."""
    assert xml(Gather(), num_digits=2) == '<Gather action="webhook" actionOnEmptyResult="true" numDigits="2" />'
    assert 'numDigits="4"' in xml(Gather(num_digits=4), num_digits=2)
    assert "numDigits" not in xml(Gather())
    assert "numDigits" not in xml(Dial("+15550100"), num_digits=1)


def test_speech_is_recognised_in_the_flows_language():
    """A Gather that listens gets the flow's language, unless it has its own."""
    assert 'language="en-GB"' in xml(Gather(input="dtmf speech"), language="en-GB")
    assert xml(Gather(input="speech", language="fr-FR"), language="en-GB").count("language") == 1
    assert "language" not in xml(Gather(input="dtmf"))


def test_what_xml_has_no_room_for_is_left_out():
    """Control characters and half surrogates would make Twilio drop the call; they are not said."""
    assert xml("a\x00b\x0bc\ud800d\ufffee\tf\ng\U0001f600") == '<Say language="en-US">abcde\tf\ng\U0001f600</Say>'
    assert xml(Play("u\x01rl")) == "<Play>url</Play>"
    assert xml(Dial("+1", caller_id="x\x02y")) == '<Dial callerId="xy" action="webhook">+1</Dial>'
    say = Say()
    say.append("one\x03")
    say.break_()
    say.append("two\x04")
    assert xml(say) == '<Say language="en-US">one<break />two</Say>'


def test_markup_in_a_text_is_text():
    """What looks like XML is said, not obeyed."""
    assert xml("a < b & <Hangup/>") == '<Say language="en-US">a &lt; b &amp; &lt;Hangup/&gt;</Say>'


def test_numbers_as_words_of_a_verb():
    """A number where a text belongs is written as text."""
    assert xml(Dial(15550100)) == '<Dial action="webhook">15550100</Dial>'


def test_what_a_content_knows():
    """The names of the verbs, what waits, whether the document is left, and what a check needs."""
    content = render(to_verbs(["A.", ask("B?", finish_on_key="*")]), RenderContext())
    sent = {"action": "webhook", "actionOnEmptyResult": "true", "finishOnKey": "*"}
    assert content == Content(content.xml, ("Say", "Gather"), "Gather", False, sent, None)
    content = render(to_verbs([Gather(action="/x")]), RenderContext())
    assert (content.waiting_verb, content.custom_action) == ("Gather", "/x")
    content = render(to_verbs([Dial("+1", action="/y")]), RenderContext())
    assert (content.waiting_verb, content.verb_attributes, content.custom_action) == ("Dial", {"action": "/y"}, "/y")
    for verb in (Hangup(), Reject(), Redirect("u")):
        content = render(to_verbs(["A.", verb]), RenderContext())
        assert (content.waiting_verb, content.ends_document, content.custom_action) == (None, True, None)
    assert render([], RenderContext()) == Content(b"", (), None, False, {}, None)


def test_a_document_has_one_root():
    """The parts of an answer are joined inside one Response."""
    assert document([b"<Hangup />", b"<Leave />"]) == (
        b'<?xml version="1.0" encoding="UTF-8"?><Response><Hangup /><Leave /></Response>'
    )
    assert EMPTY_RESPONSE == b'<?xml version="1.0" encoding="UTF-8"?><Response />'


def test_a_new_verb_of_twilios_can_be_named():
    """A verb that the library does not know yet is passed on as it is."""
    assert xml(GenericNode("Newest", "now", loud=True)) == '<Newest loud="true">now</Newest>'


@pytest.mark.parametrize(
    ("said", "message", "hint"),
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
def test_what_can_not_be_said(said, message, hint):
    """Anything that is no text, verb or list of these is refused, with the mend."""
    for each in (said, ["A.", [said]]):
        with pytest.raises(FlowError) as caught:
            to_verbs(each)
        assert (caught.value.message, caught.value.hint) == (message, hint)


def test_ssml_stays_inside_its_say():
    """What is inside a Say is the author's."""
    say = Say()
    say.prosody("Slow.", rate="slow")
    assert xml(say) == '<Say language="en-US"><prosody rate="slow">Slow.</prosody></Say>'


def test_the_flows_action_has_connection_overrides():
    """They follow the address; the action of the author stays as it is, and without any there is no fragment."""
    assert xml(Gather(), connection_overrides="rc=1&rp=ct").startswith('<Gather action="webhook#rc=1&amp;rp=ct" ')
    assert xml(Dial("+1", action="/own"), connection_overrides="rc=1&rp=ct") == '<Dial action="/own">+1</Dial>'
    assert with_connection_overrides("../webhook?again=1", "rc=1") == "../webhook?again=1#rc=1"
    assert with_connection_overrides("webhook", "") == "webhook"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_attribute_is_quoted_as_the_standard_library_quotes_it(value):
    """`quote_attribute` returns the same text as `quoteattr`, which has another form only for double quotes."""
    assert unquoted(quote_attribute(value)) == unquoted(quoteattr(value))
    if '"' not in value:
        assert quote_attribute(value) == quoteattr(value)


def unquoted(attribute):
    """Return the value of a quoted attribute, without the entities of the five characters and three line ends."""
    references = {"&#10;": "\n", "&#13;": "\r", "&#9;": "\t", "&quot;": '"'}
    return unescape(attribute[1:-1], references)
