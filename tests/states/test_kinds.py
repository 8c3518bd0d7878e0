"""The simple kinds: message, menu, goodbye, voicemail, queue; and what all kinds have in common."""

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Pause, Play

from ivrkit import BACK, HOME, FlowError, Goto, MenuOption, State, Text, Texts, ask, states
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.routes import Routes

SPANISH = Language(
    "es-MX",
    texts=Texts(repeat="Otra vez: {key}.", voicemail="Hable.", keys={"1": "uno", "2": "dos"}),
    translations={"test-states": {"Hello.": "Hola."}},
)


def verb(caller, name):
    """Return the attributes and the text of a verb of the last answer."""
    element = ElementTree.fromstring(caller.last.twiml).find(name)
    return dict(element.attrib), element.text


class TestMessage:
    """Something is said, and the call goes on."""

    def test_it_goes_home(self, at):
        """To the menu, where nothing else is said of it."""
        caller = at(states.message("Hello.", "World."))
        assert caller.heard == ["Hello.", "World.", "Menu.", "For it, press seven."]

    def test_it_goes_elsewhere(self, at):
        """A target, with words too; with None its own words are the last."""
        assert at(states.message("Hello.", then="there")).heard == ["Hello.", "There."]
        assert at(states.message("Hello.", then=Goto("there", say="On."))).heard == ["Hello.", "On.", "There."]
        assert at(states.message("Hello.", then=None)).heard == ["Hello."]

    def test_back(self, at):
        """Whoever sent the caller has them again."""
        asking = State(ask("Which?"), Routes({"1": "it"}))
        caller = at(states.message("Hello.", then=BACK), states={"asking": asking}, start="asking").press("1")
        assert caller.heard == ["Hello.", "Which?"]

    def test_it_may_be_heard_again(self, at):
        """The caller is told of the key; any other key, and silence, goes on without a count."""
        state = states.message("Hello.", repeat="1", then="there")
        said = ["Hello.", "To hear this again, press one."]
        assert at(state).heard == said
        assert at(state).press("1", "1").heard == said
        assert at(state).press("2").heard == ["There."]
        assert at(state).stays_silent().heard == ["There."]

    def test_a_key_of_several(self, at):
        """It is read key by key."""
        assert at(states.message("Hello.", repeat="12")).heard[-1] == "To hear this again, press one two."

    def test_the_key_may_be_the_one_that_ends_a_gather(self, at):
        """A table without code could not say that no key ends it."""
        caller = at(states.message("Hello.", repeat="#", then="there"))
        assert 'finishOnKey=""' in caller.xml
        assert caller.press("#").heard == ["Hello.", "To hear this again, press pound."]

    @pytest.mark.parametrize("then", ["there", Goto(None, say="Bye."), None], ids=["state", "words", "goodbye"])
    def test_silence_goes_on_however_few_failures_are_allowed(self, at, then):
        """Who has heard enough says nothing, and that is no reason to give them up."""
        said = {"there": ["There."], None: ["Goodbye."]}.get(then, ["Bye."])
        assert at(states.message("Hello.", repeat="1", then=then), tries=1).stays_silent().heard == said

    @pytest.mark.parametrize("kind", ["message", "hours"])
    @pytest.mark.parametrize("key", ["x", "", "1 2", 1])
    def test_what_is_no_key(self, kind, key):
        """It is refused when the state is made."""
        makes = {"message": lambda: states.message("Hello.", repeat=key), "hours": lambda: states.hours({}, repeat=key)}
        with pytest.raises(FlowError) as refused:
            makes[kind]()
        assert refused.value.message == f"{kind} has repeat={key!r}"
        assert refused.value.hint == "repeat is a string of 0-9, * and #"

    def test_it_needs_words(self):
        """A caller would not know that they were there; a table without ``text`` is a slip."""
        with pytest.raises(FlowError) as refused:
            states.message()
        assert refused.value.message == "message says nothing"
        assert refused.value.hint == "give it words: a text, a Say, a Play or a Pause"

    def test_recordings_and_pauses(self, at):
        """What sounds may stand among the texts."""
        xml = at(states.message("Hello.", Pause(length=2), Play("https://example.com/a.mp3"), then=None)).xml
        assert '<Pause length="2" />' in xml
        assert "<Play>https://example.com/a.mp3</Play>" in xml

    def test_the_core_words_are_in_the_language_of_the_call(self, at):
        """The key's word as well, whatever catalogue the plugin has."""
        caller = at(states.message(Text("Hello."), repeat="12"), language="es-MX", languages=(SPANISH,))
        assert caller.heard == ["Hola.", "Otra vez: uno dos."]
        assert caller.flow.startup_warnings == ()


class TestCommon:
    """What every kind takes besides its own."""

    @pytest.mark.parametrize(
        "kind",
        [
            states.message,
            states.menu,
            states.voicemail,
            states.goodbye,
            lambda *texts, **more: states.queue("q", *texts, **more),
            lambda *texts, **more: states.transfer("+15550100", *texts, **more),
            lambda *texts, **more: states.question(*texts, digits=1, **more),
            lambda *texts, **more: states.question(*texts, yes="there", **more),
            lambda *texts, **more: states.hours({}, opened=texts, **more),
        ],
        ids=["message", "menu", "voicemail", "goodbye", "queue", "transfer", "digits", "yes-or-no", "hours"],
    )
    def test_options_voice_language_and_fallback(self, kind):
        """They are the state's."""
        option = MenuOption("4", "it")
        state = kind("Hello.", options=option, voice="Polly.Mia", language="es-MX", on_error="there")
        assert (state.options, state.voice, state.language, state.on_error) == (
            (option,),
            "Polly.Mia",
            "es-MX",
            "there",
        )


class TestGoodbye:
    """The last words."""

    def test_it_hangs_up(self, at):
        """With its own words, or the core's."""
        assert at(states.goodbye("Bye.")).xml == '<Say language="en-US">Bye.</Say><Hangup />'
        assert at(states.goodbye()).heard == ["Goodbye."]


class TestMenu:
    """A sub-menu of the states whose options hang in it."""

    def test_the_options_are_read(self, at):
        """With the key that repeats them; more keys lead on unsaid."""
        leaf = states.message("Leaf.", options=MenuOption("1", "leaf", menu="it"))
        state = states.menu("Sub.", routes={"*": "there"})
        caller = at(state, states={"leaf": leaf})
        assert caller.heard == ["Sub.", "For leaf, press one.", "To hear this again, press nine."]
        assert caller.press("*").heard == ["There."]
        assert at(state, states={"leaf": leaf}).press("1").state == "it"

    def test_what_it_takes(self, at):
        """Another key to repeat, or none; otherwise, tries and give_up of its table."""
        leaf = states.message("Leaf.", options=MenuOption("1", "leaf", menu="it"))
        state = states.menu("Sub.", repeat=None, otherwise="there")
        assert at(state, states={"leaf": leaf}).heard == ["Sub.", "For leaf, press one."]
        assert at(state, states={"leaf": leaf}).press("7").heard == ["There."]
        state = states.menu("Sub.", repeat="2", tries=2, give_up=Goto("there", say="Enough."))
        caller = at(state, states={"leaf": leaf})
        assert caller.heard[-1] == "To hear this again, press two."
        assert caller.stays_silent(2).heard == ["Enough.", "There."]


class TestVoicemail:
    """The caller leaves a message."""

    def test_a_message_is_recorded(self, at):
        """With the core's words, two minutes, a tone; any key ends it."""
        caller = at(states.voicemail())
        assert caller.heard == ["Please leave a message after the tone."]
        attributes, _ = verb(caller, "Record")
        assert attributes == {"action": "webhook#rc=1&rp=ct", "maxLength": "120", "timeout": "5", "playBeep": "true"}

    def test_the_caller_is_thanked(self, at):
        """And the call ends, or goes on where it is told to."""
        recorded = {"RecordingUrl": "https://r/1", "RecordingSid": "RE1"}
        assert at(states.voicemail()).webhook(**recorded).heard == ["Thank you. We have your message."]
        assert at(states.voicemail(then="there")).webhook(**recorded).heard == ["There."]

    def test_what_it_takes(self, at):
        """Length, silence, keys and tone."""
        state = states.voicemail("Speak.", max_length=30, silence=0, finish_on_key="#", beep=False)
        caller = at(state)
        assert caller.heard == ["Speak."]
        attributes, _ = verb(caller, "Record")
        assert attributes == {
            "action": "webhook#rc=1&rp=ct", "maxLength": "30", "timeout": "0", "playBeep": "false", "finishOnKey": "#",
        }  # fmt: skip

    def test_no_key_may_end_it(self, at):
        """Or one of several."""
        assert verb(at(states.voicemail(finish_on_key="")), "Record")[0]["finishOnKey"] == ""
        assert verb(at(states.voicemail(finish_on_key="*#")), "Record")[0]["finishOnKey"] == "*#"

    def test_its_words_in_the_language_of_the_call(self, at):
        """The core's text of that language."""
        assert at(states.voicemail(), language="es-MX", languages=(SPANISH,)).heard == ["Hable."]

    @pytest.mark.parametrize(
        ("given", "message", "hint"),
        [
            ({"max_length": 1}, "voicemail has max_length=1", "it is a number of seconds from 2 to 14400"),
            ({"max_length": 14401}, "voicemail has max_length=14401", "it is a number of seconds from 2 to 14400"),
            (
                {"finish_on_key": "x"},
                "voicemail has finish_on_key='x'",
                'it is a string of 0-9, * and #, or "" for no key',
            ),
            ({"silence": -1}, "voicemail has silence=-1", "it is a number of seconds, 0 to record all silence"),
        ],
    )
    def test_what_twilio_does_not_take(self, given, message, hint):
        """It is refused when the state is made."""
        with pytest.raises(FlowError) as refused:
            states.voicemail(**given)
        assert (refused.value.message, refused.value.hint) == (message, hint)


class TestQueue:
    """The caller waits until somebody takes the call."""

    def test_the_caller_waits(self, at):
        """In the queue of that name, with the core's words and Twilio's music."""
        caller = at(states.queue("help"))
        assert caller.heard == ["Please stay on the line."]
        assert verb(caller, "Enqueue") == ({"action": "webhook#rc=1&rp=ct"}, "help")

    def test_what_it_takes(self, at):
        """Words, and an address of what is played."""
        caller = at(states.queue("help", "Wait.", wait_url="https://example.com/wait.xml"))
        assert caller.heard == ["Wait."]
        assert verb(caller, "Enqueue")[0]["waitUrl"] == "https://example.com/wait.xml"

    def test_every_outcome_leads_somewhere(self, at):
        """To its row, to otherwise; else to the goodbye, or HOME with the core's words."""
        state = states.queue("help", routes={"leave": "there"})
        assert at(state).webhook(QueueResult="leave").heard == ["There."]
        assert at(state).webhook(QueueResult="bridged").heard == ["Goodbye."]
        for result in ("queue-full", "error", "hangup"):
            assert at(state).webhook(QueueResult=result).heard[0] == "Sorry, we could not connect you."
        assert at(states.queue("help", otherwise="there")).webhook(QueueResult="queue-full").heard == ["There."]

    @pytest.mark.parametrize("name", ["", " ", "x" * 65])
    def test_a_name_that_twilio_does_not_take(self, name):
        """It is refused when the state is made."""
        with pytest.raises(FlowError) as refused:
            states.queue(name)
        assert refused.value.message == f"queue has the name {name!r}"
        assert refused.value.hint == "a name has 1 to 64 characters"


def test_home_is_what_a_kind_leads_to_by_itself():
    """The menu that the caller came from, as the page says."""
    assert states.message("Hello.").exit is HOME
