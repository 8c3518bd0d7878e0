"""The wait endpoint: the music of a caller in a queue, for as long as the settings allow."""

import pytest

from ivrkit import Goto, MenuOption, State, hookimpl, states
from ivrkit.flow.compile.wait import answer_wait, wait_url

MUSIC = "https://static.example.com/a%20b.mp3?x=1&y=2"


class Queues:
    """A plugin object with two queues."""

    @hookimpl
    def ivrkit_register_states(self):
        """Register the states."""
        routes = {"leave": Goto("later", say="All our lines are busy.")}
        return {
            "helpline": states.queue(
                "help", music=MUSIC, max_minutes=5, routes=routes, options=MenuOption("1", "help")
            ),
            "sales": states.queue("sales", music=MUSIC, routes=routes, options=MenuOption("2", "sales")),
            "later": State("Please call again later.", None),
        }


@pytest.fixture
def phone(make_phone):
    """Return a function that makes a phone to a phone tree with these states only."""
    return lambda **settings: make_phone(plugins=[], objects={"queues": Queues()}, **settings)


def wait_for_the_end(call):
    """Let a caller wait until the queue ends, and return the number of seconds in the queue."""
    for _ in range(100):
        if call.ended:
            break
        call.stays_silent(50)
    return next(event.seconds for event in call.events if getattr(event, "result", "") == "leave")


@pytest.mark.parametrize(
    ("prefix", "key", "settings", "minutes"),
    [("", "1", {}, 5), ("/phone", "1", {}, 5), ("", "2", {}, 60), ("", "2", {"max_queue_minutes": 2}, 2)],
)
def test_a_caller_leaves_a_queue_after_some_minutes(phone, prefix, key, settings, minutes):
    """The caller hears the music until the minutes of the state, else of the settings, and then goes on with words."""
    call = phone(url_prefix=prefix, **settings).call().press(key)
    seconds = wait_for_the_end(call)
    assert minutes * 60 <= seconds <= minutes * 60 + 120
    assert call.heard_last.splitlines()[:2] == ["All our lines are busy.", "Please call again later."]
    played = {event.what for event in call.events if hasattr(event, "what")}
    assert played == {MUSIC}
    assert call.warnings == []


def test_an_agent_takes_the_call_before(phone):
    """An agent can take the call while the music is played."""
    call = phone().call().press("1").stays_silent()
    call.agent.answers()
    call.agent.hangs_up(after=60)
    assert call.heard_last == "Goodbye."


@pytest.mark.parametrize(
    ("query", "queue_time", "leaves"),
    [
        ({"music": "m", "minutes": "2"}, "119", False),
        ({"music": "m", "minutes": "2"}, "120", True),
        ({"music": "m"}, "599", False),
        ({"music": "m"}, "600", True),
        ({"music": "m", "minutes": "x"}, "600", True),
        ({}, "", False),
    ],
)
def test_the_time_in_the_queue_decides(query, queue_time, leaves):
    """The document is a ``Leave`` as soon as Twilio's ``QueueTime`` reaches the minutes, by default of the settings."""
    assert (b"<Leave />" in answer_wait(query, queue_time, 10)) is leaves


def test_the_url_of_the_music_is_escaped():
    """The URL of the music may have any characters, and the query parameters are sorted by name."""
    assert (
        wait_url("https://a.example/?b=1&c=2", 5)
        == "webhook/wait?minutes=5&music=https%3A%2F%2Fa.example%2F%3Fb%3D1%26c%3D2"
    )
    assert wait_url("https://a.example/", None) == "webhook/wait?music=https%3A%2F%2Fa.example%2F"
    assert b"<Play>https://a.example/?b=1&amp;c=2</Play>" in answer_wait(
        {"music": "https://a.example/?b=1&c=2"}, "0", 1
    )
