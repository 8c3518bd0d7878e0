"""Say, Play and Pause: what is heard, and no more."""

from __future__ import annotations

import io
import wave

from ivrkit.simulator.actions import CALLER
from ivrkit.simulator.events import Paused, Played, Said
from ivrkit.simulator.line import Line
from ivrkit.simulator.scene import Scene
from ivrkit.simulator.twiml.grammar import number, value
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.wire.messages import Failure, Response, absolute

#: ``loop="0"`` is until somebody hangs up, or this often: https://www.twilio.com/docs/voice/twiml/say
FOR_EVER = 1000
#: https://www.twilio.com/docs/voice/twiml/play
AUDIO_TYPES = frozenset(
    f"audio/{kind}" for kind in ("mpeg", "wav", "wave", "x-wav", "aiff", "x-aifc", "x-aiff", "x-gsm", "gsm", "ulaw")
)
#: Seconds that a key of ``digits`` takes; the two that are no key are rests.
_KEY_SECONDS = {"w": 0.5, "W": 1.0}
_TONE = 0.2


def say(line: Line, scene: Scene, verb: Element) -> None:
    """Say a text."""
    text = verb.all_text()
    if text:
        loop = number(verb, "loop") or FOR_EVER
        told = {"text": text, "voice": verb.attributes.get("voice", ""), "loop": loop, "who": scene.who}
        seconds = seconds_of_text(line, text) * loop
        line.hear(Said, seconds, language=value(verb, "language"), **told)


def play(line: Line, scene: Scene, verb: Element, *, other_type: int = 13420) -> None:
    """Play a file, or the tones of keys.

    :param other_type: Twilio's code for a file of a type that can't be played.
    """
    loop = number(verb, "loop") or FOR_EVER
    keys = value(verb, "digits")
    if keys:
        line.hear(Played, seconds_of_keys(keys) * loop, what=f"keys {keys}", loop=loop, who=scene.who)
    elif verb.text.strip():
        try:
            url = absolute(scene.url, verb.text)
        except Failure as failure:
            line.warn(failure.code, failure.message, url=scene.url, line=verb.line, column=verb.column)
            return
        answer = line.fetch_media(url)
        if answer is None or _is_audio(line, scene, verb, answer, other_type):
            line.hear(Played, _seconds_of_file(line, answer) * loop, what=url, loop=loop, who=scene.who)


def pause(line: Line, scene: Scene, verb: Element) -> None:
    """Let nothing be heard for a while; as the first verb of a call it is what comes before the answer."""
    line.hear(Paused, float(number(verb, "length")), who=scene.who)
    if scene.who == CALLER and not scene.queue:
        line.answer()


def seconds_of_text(line: Line, text: str) -> float:
    """Return how long a text is said for, about."""
    return len(text) / line.speeds.letters


def seconds_of_keys(keys: str) -> float:
    """Return how long the tones and rests of keys take."""
    return sum(_KEY_SECONDS.get(key, _TONE) for key in keys)


def _is_audio(line: Line, scene: Scene, verb: Element, answer: Response, other_type: int) -> bool:
    kind = answer.header("Content-Type").partition(";")[0].strip().lower()
    if kind in AUDIO_TYPES:
        return True
    what = f"the file is of the type {kind!r}" if kind else "the file has no Content-Type"
    line.warn(other_type, what, url=scene.url, line=verb.line, column=verb.column)
    return False


def _seconds_of_file(line: Line, answer: Response | None) -> float:
    """Return how long a file is: a WAV tells it, anything else is taken to be as long as another."""
    if answer is not None and answer.body[:4] == b"RIFF":
        try:
            with wave.open(io.BytesIO(answer.body)) as sound:
                return float(sound.getnframes() / sound.getframerate())
        except (wave.Error, EOFError, ZeroDivisionError):
            return line.speeds.media
    return line.speeds.media
