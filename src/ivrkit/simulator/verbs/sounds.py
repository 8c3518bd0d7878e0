"""Say, Play and Pause: the verbs that a person only hears."""

from __future__ import annotations

import io
import wave

from ivrkit.simulator.actions import CALLER
from ivrkit.simulator.clock import milliseconds
from ivrkit.simulator.context import DocumentContext
from ivrkit.simulator.events import Paused, Played, Said
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.twiml.attributes import int_attribute, text_attribute
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.webhooks import fetch_media
from ivrkit.simulator.wire.messages import Failure, Response, absolute_url

#: ``loop="0"`` repeats until the caller hangs up, at most this often: https://www.twilio.com/docs/voice/twiml/say
MAX_LOOPS = 1000
#: https://www.twilio.com/docs/voice/twiml/play
AUDIO_TYPES = frozenset(
    f"audio/{each}" for each in ("mpeg", "wav", "wave", "x-wav", "aiff", "x-aifc", "x-aiff", "x-gsm", "gsm", "ulaw")
)
#: Milliseconds of the two characters in ``digits`` that are pauses, and of the tone of any key.
_PAUSES = {"w": 500, "W": 1000}
_TONE = 200


def say(call: LiveCall, context: DocumentContext, verb: Element) -> None:
    """Say the text of a ``Say`` to the person who hears the document."""
    text = verb.all_text()
    if not text:
        return
    loop = int_attribute(verb, "loop") or MAX_LOOPS
    call.hear(
        Said,
        call.duration_of_text(text) * loop,
        text=text,
        voice=verb.attributes.get("voice", ""),
        language=text_attribute(verb, "language"),
        loop=loop,
        who=context.who,
    )


def play(call: LiveCall, context: DocumentContext, verb: Element, *, type_warning: int = 13420) -> None:
    """Play a file, or the tones of phone keys.

    :param type_warning: Twilio's error code for a file of an unsupported type.
    """
    loop = int_attribute(verb, "loop") or MAX_LOOPS
    keys = text_attribute(verb, "digits")
    if keys:
        call.hear(Played, duration_of_keys(keys) * loop, what=f"keys {keys}", loop=loop, who=context.who)
    elif verb.text.strip():
        try:
            url = absolute_url(context.url, verb.text)
        except Failure as failure:
            call.warn(failure.code, failure.message, url=context.url, line=verb.line, column=verb.column)
            return
        # A file that the transport can't reach is heard as well, because its URL is probably valid.
        response = fetch_media(call, url)
        if response is None or _is_audio(call, context, verb, response, type_warning):
            call.hear(Played, _duration_of_file(call, response) * loop, what=url, loop=loop, who=context.who)


def pause(call: LiveCall, context: DocumentContext, verb: Element) -> None:
    """Pause for some seconds. If a call begins with a ``Pause``, the call is answered after the pause."""
    call.hear(Paused, milliseconds(int_attribute(verb, "length")), who=context.who)
    if context.who == CALLER and not context.queue:
        call.answer()


def duration_of_keys(keys: str) -> int:
    """Return how many milliseconds the tones of phone keys take. ``w`` and ``W`` among the keys are pauses."""
    return sum(_PAUSES.get(key, _TONE) for key in keys)


def _is_audio(call: LiveCall, context: DocumentContext, verb: Element, response: Response, type_warning: int) -> bool:
    """Return whether Twilio can play a file. If Twilio can't play the file, report a warning."""
    content_type = response.header("Content-Type").partition(";")[0].strip().lower()
    if content_type in AUDIO_TYPES:
        return True
    found = f"must be an audio type, not {content_type!r}" if content_type else "is missing"
    message = f"the Content-Type of the file {found}"
    call.warn(type_warning, message, url=context.url, line=verb.line, column=verb.column)
    return False


def _duration_of_file(call: LiveCall, response: Response | None) -> int:
    """Return the length of a WAV file in milliseconds, or an estimate for any other file."""
    return milliseconds(_seconds_of_file(call, response))


def _seconds_of_file(call: LiveCall, response: Response | None) -> float:
    if response is not None and response.body[:4] == b"RIFF":
        try:
            with wave.open(io.BytesIO(response.body)) as sound:
                return float(sound.getnframes() / sound.getframerate())
        except (wave.Error, EOFError, ZeroDivisionError):
            return call.speeds.media_seconds
    return call.speeds.media_seconds
