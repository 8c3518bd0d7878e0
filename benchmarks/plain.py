"""The plain app of the benchmarks: the same phone tree in one Flask file, as in a tutorial for Flask and Twilio.

It has a dict of states, and uses Flask's session, twilio's TwiML builder and twilio's request validator. It says the
same sentences as ivrkit with ``acme-states``; the benchmark checks that. It also has the usual problems of such files,
and ``tests/simulator/test_examine.py`` finds them: it returns a ``str``, which Flask sends as HTML; it answers the end
of a call like any other webhook; and it repeats its question to a silent caller for ever.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time

from flask import Flask, abort, request, session
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

COMPANY = "ACME"
RECEPTION = "+15550100"
MAX_TRIES = 3

MENU = [
    "For sales, press one.",
    "For support, press two.",
    "For our business hours, press three.",
    "For reception, press zero.",
    "To hear this again, press nine.",
]
KEYS = {"1": "sales", "2": "support", "3": "hours", "0": "reception", "9": "menu"}

State = Callable[[VoiceResponse], str]


def say(response: VoiceResponse, text: str) -> None:
    """Say a text in English."""
    response.say(text, language="en-US")


def greeting(response: VoiceResponse) -> str:
    """Greet, then read the menu."""
    say(response, f"Thank you for calling {COMPANY}.")
    return menu(response)


def menu(response: VoiceResponse) -> str:
    """Read the menu and wait for a key."""
    gather = response.gather(num_digits=1, action="/webhook", action_on_empty_result=True)
    for sentence in MENU:
        gather.say(sentence, language="en-US")
    return "menu"


def sales(response: VoiceResponse) -> str:
    """Take a message."""
    say(response, "Everybody in sales is on the phone right now.")
    say(
        response,
        "After the tone, tell us your name, your number and what you are looking for. Press any key when you are done.",
    )
    response.record(max_length=120, action="/webhook")
    return "sales"


def support(response: VoiceResponse) -> str:
    """Put the caller into the queue."""
    say(response, "We are looking for somebody who can help you. Please stay on the line.")
    response.enqueue("support", action="/webhook")
    return "support"


#: The opening hours as sentences.
WEEK = ("Monday to Friday, from 9:00 AM to 6:00 PM", "Saturday, from 10:00 AM to 1:00 PM", "Sunday, closed.")


def hours(response: VoiceResponse) -> str:
    """Read the hours and wait for a key."""
    gather = response.gather(num_digits=1, action="/webhook", action_on_empty_result=True)
    gather.say("We are open right now." if is_open() else "We are closed at the moment.", language="en-US")
    for line in WEEK:
        gather.say(line, language="en-US")
    gather.say("To hear this again, press one. For the menu, press any other key, or just wait.", language="en-US")
    return "hours"


def reception(response: VoiceResponse) -> str:
    """Dial the reception."""
    say(response, "One moment, we are ringing reception.")
    response.dial(RECEPTION, timeout=20, action="/webhook")
    return "reception"


def goodbye(response: VoiceResponse) -> str:
    """Hang up."""
    say(response, "Goodbye.")
    response.hangup()
    return "goodbye"


def wrong(response: VoiceResponse) -> str:
    """Say that the key is invalid, and read the menu again; after three tries, dial the reception."""
    session["tries"] = session.get("tries", 0) + 1
    if session["tries"] >= MAX_TRIES:
        return reception(response)
    if request.form.get("Digits"):
        say(response, "That choice is not valid.")
    return menu(response)


STATES: dict[str, State] = {
    "greeting": greeting,
    "menu": menu,
    "sales": sales,
    "support": support,
    "hours": hours,
    "reception": reception,
    "goodbye": goodbye,
    "wrong": wrong,
}


def is_open() -> bool:
    """Return whether the company is open now."""
    now = datetime.now(UTC)
    if now.weekday() < 5:
        return time(9) <= now.time() < time(18)
    return now.weekday() == 5 and time(10) <= now.time() < time(13)


def next_state() -> str:
    """Return the state that the caller goes to."""
    state = session.get("state") if session.get("call") == request.form["CallSid"] else None
    digits = request.form.get("Digits", "")
    if state is None:
        session.clear()
        session["call"] = request.form["CallSid"]
        return "greeting"
    if state == "menu":
        if digits not in KEYS:
            return "wrong"
        session["tries"] = 0
        return KEYS[digits]
    if state == "hours":
        return "hours" if digits == "1" else "menu"
    if state == "reception" and request.form.get("DialCallStatus") != "completed":
        return "menu"
    return "goodbye"


def create_plain_app(token: str) -> Flask:
    """Return the app.

    :param token: the auth token. The key of the cookies is made from it, which is good enough for a benchmark.
    """
    app = Flask(__name__)
    app.secret_key = f"cookies of {token}"
    validator = RequestValidator(token)

    @app.post("/webhook")
    def webhook() -> str:
        if not validator.validate(request.url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        response = VoiceResponse()
        session["state"] = STATES[next_state()](response)
        return str(response)

    return app
