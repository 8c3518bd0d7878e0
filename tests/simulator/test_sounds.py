"""Say, Play and Pause: https://www.twilio.com/docs/voice/twiml/say, /play and /pause."""

import io
import wave

import pytest
from tests.simulator.cases import play, requests, trace, warned

from ivrkit.simulator import Failure, Press, Response, Speeds
from ivrkit.simulator.events import Ended, Paused, Played, Said

END = "ended no-more-verbs completed"


def audio(content_type="audio/mpeg", body=b"ID3", status=200):
    """Return a response with a file."""
    headers = (("Content-Type", content_type),) if content_type else ()
    return Response(status, headers, body)


def wav(seconds):
    """Return a WAV file of some seconds of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * int(8000 * seconds))
    return file.getvalue()


HEARD = [
    pytest.param("<Say>One.</Say><Say>Two.</Say>", ["hears One.", "hears Two."], id="Say"),
    pytest.param("<Say>  One\n   two. </Say>", ["hears One two."], id="Say-blanks"),
    pytest.param(
        "<Say>The code is <say-as interpret-as='digits'>12</say-as>, <break time='1s'/>again.</Say>",
        ["hears The code is 12, again."],
        id="Say-SSML",
    ),
    pytest.param("<Play>/a.mp3</Play>", ["media GET /a.mp3", "hears https://ivr.example.com/a.mp3"], id="Play"),
    pytest.param(
        "<Play> /a.mp3\n</Play>", ["media GET /a.mp3", "hears https://ivr.example.com/a.mp3"], id="Play-trimmed"
    ),
    pytest.param(
        "<Play>https://cdn.example.com/b.mp3</Play>", ["hears https://cdn.example.com/b.mp3"], id="Play-out-of-reach"
    ),
    pytest.param('<Play digits="1wW#"/>', ["hears keys 1wW#"], id="Play.digits"),
    pytest.param("<Pause/>", ["hears pause 1"], id="Pause"),
    pytest.param('<Pause length="7"/>', ["hears pause 7"], id="Pause.length-heard"),
    pytest.param("<!-- not heard --><Say>One.</Say>", ["hears One."], id="comment"),
]


@pytest.mark.parametrize(("twiml", "lines"), HEARD)
def test_sounds_are_heard_in_order(twiml, lines):
    """Texts, files, tones and pauses are heard in order, and a file is fetched without parameters and signature."""
    call = play(twiml, documents={"/a.mp3": audio()})
    assert trace(call)[1:] == [*lines, END]
    assert warned(call) == []
    for request in requests(call, "media"):
        assert request.params == {}
        assert "X-Twilio-Signature" not in request.headers


@pytest.mark.parametrize(
    ("twiml", "seconds"),
    [
        pytest.param(f"<Say>{'x' * 30}</Say>", 2.0, id="Say-time"),
        pytest.param(f"<Say loop='3'>{'x' * 30}</Say>", 6.0, id="Say.loop"),
        pytest.param(f"<Say loop='0'>{'x' * 15}</Say>", 1000.0, id="Say.loop-for-ever"),
        pytest.param("<Play>/a.mp3</Play>", 10.0, id="Play-time"),
        pytest.param("<Play>/a.wav</Play>", 2.5, id="Play-time-of-a-WAV"),
        pytest.param("<Play>/broken.wav</Play>", 10.0, id="Play-time-of-a-broken-WAV"),
        pytest.param("<Play loop='2'>/a.wav</Play>", 5.0, id="Play.loop"),
        pytest.param("<Play loop='0'>/a.wav</Play>", 2500.0, id="Play.loop-for-ever"),
        pytest.param('<Play digits="1wW" loop="2"/>', 3.4, id="Play.digits-time"),
        pytest.param("<Pause/>", 1.0, id="Pause.length-default"),
        pytest.param("<Pause length='90'/>", 90.0, id="Pause.length"),
    ],
)
def test_sounds_take_time_on_the_call_s_clock(twiml, seconds):
    """Each sound moves the clock of the call by its length."""
    documents = {
        "/a.mp3": audio(),
        "/a.wav": audio("audio/wav; rate=8000", wav(2.5)),
        "/broken.wav": audio("audio/x-wav", b"RIFF and no more"),
    }
    call = play(f"<Say>{'y' * 15}</Say>{twiml}", documents=documents)
    (ended,) = [each for each in call.events if isinstance(each, Ended)]
    assert ended.at == pytest.approx(1.0 + seconds)
    assert ended.seconds == pytest.approx(1.0 + seconds)


def test_speeds_can_be_set():
    """Speeds sets how long texts and files of unknown length take."""
    call = play(
        "<Say>abcd</Say><Play>https://cdn.example.com/x</Play>",
        number={"speeds": Speeds(letters_per_second=2, media_seconds=30)},
    )
    assert [each.seconds for each in call.events if isinstance(each, Said | Played)] == [2.0, 30.0]


def test_the_event_of_a_say_has_voice_and_language():
    """The event of a Say has its voice and language, en-US by default."""
    call = play('<Say voice="Polly.Amy" language="en-GB">Hello.</Say><Say>Hello.</Say>')
    said = [(each.voice, each.language) for each in call.events if isinstance(each, Said)]
    assert said == [("Polly.Amy", "en-GB"), ("", "en-US")]


FILES = [
    pytest.param(
        audio("text/html"), [(13420, "the Content-Type of the file must be an audio type, not 'text/html'")], id="type"
    ),
    pytest.param(audio(""), [(13420, "the Content-Type of the file is missing")], id="no-type"),
    pytest.param(audio(status=404), [(11200, "the request for the file returned the status 404")], id="status"),
    pytest.param(Failure(11205, "ct", "there is no connection"), [(11205, "there is no connection")], id="failure"),
]


@pytest.mark.parametrize(("served", "expected"), FILES)
def test_an_unplayable_file_is_a_warning(served, expected):
    """A file that can't be fetched or played is a warning, and the call goes on."""
    call = play("<Play>/a</Play><Say>After.</Say>", documents={"/a": served})
    assert warned(call) == expected
    assert {each.level for each in call.warnings} == {"warning"}
    assert call.heard == "After."


def test_an_unplayable_file_in_a_gather_has_its_own_code():
    """A file of an unsupported type in a Gather is a warning with code 13325."""
    call = play("<Gather><Play>/a</Play></Gather>", Press("1#"), documents={"/a": audio("text/html")})
    assert warned(call)[:1] == [(13325, "the Content-Type of the file must be an audio type, not 'text/html'")]


INVALID = [
    pytest.param(
        "<Say loop='x'>A</Say>", 13510, "<Say loop> must be a whole number of at least 0, not 'x'", id="Say.loop-wrong"
    ),
    pytest.param(
        "<Say voice='bob'>A</Say>",
        13511,
        "<Say voice> must be man, woman, Polly.* or Google.*, not 'bob'",
        id="Say.voice",
    ),
    pytest.param("<Say/>", 13520, "<Say> has no text", id="Say-empty"),
    pytest.param("<Say language=''>A</Say>", None, None, id="Say.language"),
    pytest.param(
        "<Play loop='-1'>/a</Play>",
        13410,
        "<Play loop> must be a whole number of at least 0, not '-1'",
        id="Play.loop-wrong",
    ),
    pytest.param(
        "<Play digits='x'/>",
        12200,
        "<Play digits> must be one or more of 0-9 A-D w W # *, not 'x'",
        id="Play.digits-wrong",
    ),
    pytest.param("<Play/>", 12200, "<Play> must have a URL or the attribute digits", id="Play-empty"),
    pytest.param(
        "<Pause length='0'/>",
        13910,
        "<Pause length> must be a whole number of at least 1, not '0'",
        id="Pause.length-wrong",
    ),
    pytest.param(
        "<Play>ftp://a/b</Play>", 11100, "the URL must be a valid http or https URL, not 'ftp://a/b'", id="Play-URL"
    ),
]


@pytest.mark.parametrize(("twiml", "code", "what"), INVALID)
def test_an_invalid_sound_is_a_warning(twiml, code, what):
    """Invalid values and contents of Say, Play and Pause are warnings with Twilio's code, and the call goes on."""
    call = play(twiml + "<Say>After.</Say>", documents={"/a": audio()})
    assert warned(call) == ([(code, what)] if code else [])
    assert call.heard.endswith("After.")


def test_a_pause_as_the_first_verb_comes_before_the_answer():
    """A Pause as the first verb delays the answer and is not billed."""
    call = play("<Pause length='20'/><Say>Hello.</Say>")
    names = [each.name for each in call.events]
    assert names.index("paused") < names.index("answered") < names.index("said")
    (paused,) = [each for each in call.events if isinstance(each, Paused)]
    assert paused.seconds == 20
    assert call.ended.seconds == pytest.approx(0.4)
