"""The session of a call: its JSON, and the responses that it keeps."""

from ivrkit import Session
from ivrkit.flow.run.session import MAX_RESPONSES, SentResponse


def test_a_session_survives_json():
    """A session is loaded as it was stored."""
    session = Session(
        "CA1",
        turn=3,
        state="a",
        waiting_verb="Gather",
        routes_hash="h",
        came_from={"a": "b"},
        visited_menus=["m"],
        failure_counts={"a": {"no-input": 1}},
        failures_in_row=1,
        operator_tried=True,
        language="en-US",
        ended="finished",
        path=[["a", None]],
        data={"x": [1]},
        responses=[SentResponse(3, "t", "h", "<Response />")],
        expires=12.5,
    )
    assert Session.from_json(session.to_json()) == session
    assert '"sid":"CA1"' in session.to_json()


def test_a_repeated_request_is_found_by_its_token():
    """A request with the token of one of the last responses gets that response."""
    session = Session("CA1")
    for turn in range(MAX_RESPONSES + 2):
        session.add_response(SentResponse(turn, f"t{turn}", "same body", f"<{turn}>"))
    assert [each.turn for each in session.responses] == list(range(2, MAX_RESPONSES + 2))
    assert session.find_response("t5", "x", None).twiml == "<5>"
    assert session.find_response("t1", "same body", None) is None
    assert session.find_response("new", "same body", 0) is None, "another token is another request"


def test_a_repeated_request_without_a_token_is_found_after_a_lost_race():
    """Without a token, equal parameters mean the same request only if it has lost a race."""
    session = Session("CA1", responses=[SentResponse(3, "", "body", "<3>"), SentResponse(4, "t", "body", "<4>")])
    assert session.find_response("", "body", None) is None
    assert session.find_response("", "body", 4) is None
    assert session.find_response("", "body", 3).twiml == "<4>"
    assert session.find_response("", "body", 2).twiml == "<3>"
    assert session.find_response("", "other", 2) is None


def test_a_new_session_is_empty():
    """A new session has no state, no responses and dicts of its own."""
    session = Session("CA1")
    assert (session.turn, session.state, session.waiting_verb, session.ended, session.responses) == (
        0,
        None,
        None,
        None,
        [],
    )
    assert session.came_from is not Session("CA2").came_from
