"""The state kinds message, menu, goodbye, voicemail and queue, and the arguments of all state kinds."""

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
    """Return the attributes and the text of a verb in the last response."""
    element = ElementTree.fromstring(caller.last.twiml).find(name)
    return dict(element.attrib), element.text


class TestMessage:
    """The state kind ``message``: say something and go on."""

    def test_a_message_goes_home_by_default(self, at):
        """After the message the caller hears the menu again."""
        caller = at(states.message("Hello.", "World."))
        assert caller.heard == ["Hello.", "World.", "Menu.", "For it, press seven."]

    def test_a_message_goes_to_its_target(self, at):
        """The argument ``then`` is the next target, with prompts on the way; ``None`` ends the call."""
        assert at(states.message("Hello.", then="there")).heard == ["Hello.", "There."]
        assert at(states.message("Hello.", then=Goto("there", say="On."))).heard == ["Hello.", "On.", "There."]
        assert at(states.message("Hello.", then=None)).heard == ["Hello."]

    def test_a_message_can_go_back(self, at):
        """With ``then=BACK`` the call goes back to the state that the caller came from."""
        asking = State(ask("Which?"), Routes({"1": "it"}))
        caller = at(states.message("Hello.", then=BACK), states={"asking": asking}, start="asking").press("1")
        assert caller.heard == ["Hello.", "Which?"]

    def test_a_message_can_be_repeated(self, at):
        """The key ``repeat`` is read out and repeats the message; any other key, and silence, goes on."""
        state = states.message("Hello.", repeat="1", then="there")
        said = ["Hello.", "To hear this again, press one."]
        assert at(state).heard == said
        assert at(state).press("1", "1").heard == said
        assert at(state).press("2").heard == ["There."]
        assert at(state).stays_silent().heard == ["There."]

    def test_several_repeat_keys_are_read_key_by_key(self, at):
        """A ``repeat`` of two keys is said as "one two"."""
        assert at(states.message("Hello.", repeat="12")).heard[-1] == "To hear this again, press one two."

    def test_the_repeat_key_may_be_pound(self, at):
        """With ``repeat="#"`` the ``Gather`` has no finish key, so that it receives ``#``."""
        caller = at(states.message("Hello.", repeat="#", then="there"))
        assert 'finishOnKey=""' in caller.xml
        assert caller.press("#").heard == ["Hello.", "To hear this again, press pound."]

    @pytest.mark.parametrize("then", ["there", Goto(None, say="Bye."), None], ids=["state", "prompt", "goodbye"])
    def test_silence_goes_on_even_with_tries_1(self, at, then):
        """A caller who has heard enough is silent, which is not a failure, even if the setting ``tries`` is 1."""
        said = {"there": ["There."], None: ["Goodbye."]}.get(then, ["Bye."])
        assert at(states.message("Hello.", repeat="1", then=then), tries=1).stays_silent().heard == said

    @pytest.mark.parametrize("kind", ["message", "hours"])
    @pytest.mark.parametrize("key", ["x", "", "1 2", 1])
    def test_an_invalid_repeat_key_is_refused(self, kind, key):
        """A ``repeat`` that is not a string of keys is an error when the state is made."""
        makes = {"message": lambda: states.message("Hello.", repeat=key), "hours": lambda: states.hours({}, repeat=key)}
        with pytest.raises(FlowError) as refused:
            makes[kind]()
        assert refused.value.message == f"{kind}: repeat must be a string of 0-9, * and #, not {key!r}"
        assert refused.value.hint == 'write repeat = "1"'

    def test_a_message_without_text_is_refused(self):
        """A message without prompts is an error, as a table without ``text`` is a mistake."""
        with pytest.raises(FlowError) as refused:
            states.message()
        assert refused.value.message == "message must have a text"
        assert refused.value.hint == "add a text, a Say, a Play or a Pause"

    def test_recordings_and_pauses_are_prompts(self, at):
        """A ``Play`` or a ``Pause`` may stand among the texts."""
        xml = at(states.message("Hello.", Pause(length=2), Play("https://example.com/a.mp3"), then=None)).xml
        assert '<Pause length="2" />' in xml
        assert "<Play>https://example.com/a.mp3</Play>" in xml

    def test_the_core_texts_are_in_the_language_of_the_call(self, at):
        """The sentence about repeating and the word for the key are in the language of the call."""
        caller = at(states.message(Text("Hello."), repeat="12"), language="es-MX", languages=(SPANISH,))
        assert caller.heard == ["Hola.", "Otra vez: uno dos."]
        assert caller.flow.startup_warnings == ()


class TestStateArguments:
    """The arguments that every state kind takes."""

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
            lambda *texts, **more: states.hours({}, when_open=texts, **more),
        ],
        ids=["message", "menu", "voicemail", "goodbye", "queue", "transfer", "digits", "yes-or-no", "hours"],
    )
    def test_options_voice_language_and_on_error(self, kind):
        """Every state kind passes ``options``, ``voice``, ``language`` and ``on_error`` to the state."""
        option = MenuOption("4", "it")
        state = kind("Hello.", options=option, voice="Polly.Mia", language="es-MX", on_error="there")
        assert (state.options, state.voice, state.language, state.on_error) == (
            (option,),
            "Polly.Mia",
            "es-MX",
            "there",
        )


class TestGoodbye:
    """The state kind ``goodbye``: say goodbye and hang up."""

    def test_a_goodbye_hangs_up(self, at):
        """A goodbye says its own texts or the core's, and hangs up."""
        assert at(states.goodbye("Bye.")).xml == '<Say language="en-US">Bye.</Say><Hangup />'
        assert at(states.goodbye()).heard == ["Goodbye."]


class TestMenu:
    """The state kind ``menu``: a submenu."""

    def test_a_menu_reads_its_options(self, at):
        """A menu reads the states that name it and the repeat key; the keys of ``routes`` are not read out."""
        leaf = states.message("Leaf.", options=MenuOption("1", "leaf", menu="it"))
        state = states.menu("Sub.", routes={"*": "there"})
        caller = at(state, states={"leaf": leaf})
        assert caller.heard == ["Sub.", "For leaf, press one.", "To hear this again, press nine."]
        assert caller.press("*").heard == ["There."]
        assert at(state, states={"leaf": leaf}).press("1").state == "it"

    def test_the_arguments_of_a_menu(self, at):
        """A menu may have another repeat key or none, and takes ``otherwise``, ``tries`` and ``give_up``."""
        leaf = states.message("Leaf.", options=MenuOption("1", "leaf", menu="it"))
        state = states.menu("Sub.", repeat=None, otherwise="there")
        assert at(state, states={"leaf": leaf}).heard == ["Sub.", "For leaf, press one."]
        assert at(state, states={"leaf": leaf}).press("7").heard == ["There."]
        state = states.menu("Sub.", repeat="2", tries=2, give_up=Goto("there", say="Enough."))
        caller = at(state, states={"leaf": leaf})
        assert caller.heard[-1] == "To hear this again, press two."
        assert caller.stays_silent(2).heard == ["Enough.", "There."]


class TestVoicemail:
    """The state kind ``voicemail``: record a message of the caller."""

    def test_the_defaults_of_a_recording(self, at):
        """By default a recording is at most two minutes long, begins with a beep, and ends with any key."""
        caller = at(states.voicemail())
        assert caller.heard == ["Please leave a message after the tone."]
        attributes, _ = verb(caller, "Record")
        assert attributes == {"action": "webhook#rc=1&rp=ct", "maxLength": "120", "timeout": "5", "playBeep": "true"}

    def test_the_caller_is_thanked_by_default(self, at):
        """After the recording the caller is thanked and the call ends, unless ``then`` names another target."""
        recorded = {"RecordingUrl": "https://r/1", "RecordingSid": "RE1"}
        assert at(states.voicemail()).webhook(**recorded).heard == ["Thank you. We have your message."]
        assert at(states.voicemail(then="there")).webhook(**recorded).heard == ["There."]

    def test_a_caller_who_leaves_no_message(self, at):
        """A caller who says nothing is not thanked: they go HOME with the core's text, or to ``no_message``."""
        empty = {"RecordingUrl": "https://r/1", "RecordingSid": "RE1", "RecordingDuration": "0"}
        caller = at(states.voicemail()).webhook(**empty)
        assert caller.heard[:2] == ["We did not hear a message.", "Menu."]
        assert at(states.voicemail(no_message="there")).webhook(**empty).heard == ["There."]
        assert at(states.voicemail(no_message=None)).webhook(**empty).heard == ["Goodbye."]

    def test_the_arguments_become_attributes_of_record(self, at):
        """Length, silence, finish key and beep are attributes of the ``Record``."""
        state = states.voicemail("Speak.", max_length=30, silence=0, finish_on_key="#", beep=False)
        caller = at(state)
        assert caller.heard == ["Speak."]
        attributes, _ = verb(caller, "Record")
        assert attributes == {
            "action": "webhook#rc=1&rp=ct", "maxLength": "30", "timeout": "0", "playBeep": "false", "finishOnKey": "#",
        }  # fmt: skip

    def test_no_key_or_one_of_several_may_end_a_recording(self, at):
        """The finish key may be empty, so that no key ends the recording, or several keys."""
        assert verb(at(states.voicemail(finish_on_key="")), "Record")[0]["finishOnKey"] == ""
        assert verb(at(states.voicemail(finish_on_key="*#")), "Record")[0]["finishOnKey"] == "*#"

    def test_the_default_prompt_is_in_the_language_of_the_call(self, at):
        """Without texts the caller hears the core's text in the language of the call."""
        assert at(states.voicemail(), language="es-MX", languages=(SPANISH,)).heard == ["Hable."]

    @pytest.mark.parametrize(
        ("arguments", "message", "hint"),
        [
            (
                {"max_length": 1},
                "voicemail: max_length must be 2 to 14400 seconds, not 1",
                "leave it out for 120 seconds",
            ),
            (
                {"max_length": 14401},
                "voicemail: max_length must be 2 to 14400 seconds, not 14401",
                "leave it out for 120 seconds",
            ),
            (
                {"finish_on_key": "x"},
                "voicemail: finish_on_key must be a string of 0-9, * and #, not 'x'",
                'use "" if no key ends the recording',
            ),
            (
                {"silence": -1},
                "voicemail: silence must be at least 0 seconds, not -1",
                "use 0 to never end at silence",
            ),
        ],
    )
    def test_an_invalid_argument_is_refused(self, arguments, message, hint):
        """A value that Twilio does not accept is an error when the state is made."""
        with pytest.raises(FlowError) as refused:
            states.voicemail(**arguments)
        assert (refused.value.message, refused.value.hint) == (message, hint)


class TestQueue:
    """The state kind ``queue``: let the caller wait for an agent."""

    def test_the_defaults_of_a_queue(self, at):
        """By default the caller hears the core's text and Twilio's music."""
        caller = at(states.queue("help"))
        assert caller.heard == ["Please stay on the line."]
        assert verb(caller, "Enqueue") == ({"action": "webhook#rc=1&rp=ct"}, "help")

    def test_a_queue_may_have_its_own_texts_and_music(self, at):
        """The texts are said before the caller waits, and ``wait_url`` is an attribute of the ``Enqueue``."""
        caller = at(states.queue("help", "Wait.", wait_url="https://example.com/wait.xml"))
        assert caller.heard == ["Wait."]
        assert verb(caller, "Enqueue")[0]["waitUrl"] == "https://example.com/wait.xml"

    def test_every_outcome_has_a_target(self, at):
        """An outcome without a row goes to ``otherwise``; without that, ``bridged`` ends and the others go HOME."""
        state = states.queue("help", routes={"leave": "there"})
        assert at(state).webhook(QueueResult="leave").heard == ["There."]
        assert at(state).webhook(QueueResult="bridged").heard == ["Goodbye."]
        for result in ("queue-full", "error", "hangup"):
            assert at(state).webhook(QueueResult=result).heard[0] == "Sorry, we could not connect you."
        assert at(states.queue("help", otherwise="there")).webhook(QueueResult="queue-full").heard == ["There."]

    def test_music_of_the_kit_is_the_wait_endpoint(self, at):
        """With ``music``, the ``waitUrl`` is the wait endpoint, which ends the wait."""
        caller = at(states.queue("help", music="https://example.com/a.mp3", max_minutes=10))
        wait = "webhook/wait?minutes=10&music=https%3A%2F%2Fexample.com%2Fa.mp3"
        assert verb(caller, "Enqueue")[0]["waitUrl"] == wait

    @pytest.mark.parametrize(
        ("arguments", "message", "hint"),
        [
            (
                {"music": "https://example.com/a.mp3", "wait_url": "https://example.com/wait.xml"},
                "queue with music must not have wait_url",
                "remove music if your own document ends the wait",
            ),
            (
                {"max_minutes": 5},
                "queue with max_minutes must have music",
                'write music = "https://example.com/music.mp3"',
            ),
            (
                {"music": "https://example.com/a.mp3", "max_minutes": 0},
                "queue: max_minutes must be at least 1, not 0",
                "leave it out for the setting max_queue_minutes",
            ),
            (
                {"music": "a.mp3"},
                "queue: music must be the URL of an audio file, not 'a.mp3'",
                'write music = "https://example.com/music.mp3"',
            ),
        ],
    )
    def test_invalid_arguments_of_a_wait_are_refused(self, arguments, message, hint):
        """Arguments of a wait that are invalid or exclude each other are an error when the state is made."""
        with pytest.raises(FlowError) as refused:
            states.queue("help", **arguments)
        assert (refused.value.message, refused.value.hint) == (message, hint)

    @pytest.mark.parametrize("name", ["", " ", "x" * 65])
    def test_an_invalid_name_is_refused(self, name):
        """A blank name, or one of more than 64 characters, is an error when the state is made."""
        with pytest.raises(FlowError) as refused:
            states.queue(name)
        assert refused.value.message == f"queue: name must have 1 to 64 characters, not {name!r}"
        assert refused.value.hint == 'write name = "support"'


def test_the_default_target_is_home():
    """The default of ``then`` is HOME, the menu that the caller came from."""
    assert states.message("Hello.").exit is HOME
