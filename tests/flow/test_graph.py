"""The flow as data, and what is kept of a call."""

import pytest
from twilio.twiml.voice_response import Dial, Enqueue, Record

from ivrkit import BACK, HOME, SAME, Edge, Goto, Menu, MenuOption, Routes, Session, State, ask, edges, leads_to
from ivrkit.flow.compile.graph import waiting_verb
from ivrkit.flow.run.session import MAX_RESPONSES, SentResponse


def ways(flow, state):
    """Return the ways out of a state as outcome -> target."""
    return {edge.outcome: edge.target for edge in edges(flow) if edge.state == state}


def test_the_ways_out_of_a_question(tree):
    """Rows first, then what the rules add."""
    flow = tree(a=State(ask("?"), Routes({"1": Goto("b", say="x")})), b=State("B."), error=State("No.", BACK))
    assert ways(flow, "a") == {"1": "b", "no-match": "error", "no-input": SAME}
    assert ways(flow, "b") == {}
    assert ways(flow, "error") == {None: BACK}
    assert next(edges(flow)) == Edge("a", "1", "b")


def test_otherwise_is_where_the_rest_leads(tree):
    """Otherwise takes what has no row, but not what was come for."""
    flow = tree(a=State(ask("?"), Routes({"1": None, "no-input": SAME}, otherwise=Goto(HOME, say="x"))))
    assert ways(flow, "a") == {"1": None, "no-input": SAME, "no-match": HOME}
    flow = tree(a=State(Dial("+1"), Routes({"busy": SAME}, otherwise=HOME)))
    assert ways(flow, "a") == {
        "busy": SAME,
        "answered": None,
        "no-answer": HOME,
        "failed": HOME,
        "canceled": HOME,
        "declined": HOME,
    }


def test_what_the_rules_add_without_otherwise(tree):
    """HOME for what failed, the goodbye for what was come for, the state again for a wrong key without `error`."""
    assert ways(tree(a=State(Enqueue("q"), Routes())), "a") == {
        "bridged": None,
        "leave": HOME,
        "hangup": HOME,
        "queue-full": HOME,
        "failed": HOME,
    }
    assert ways(tree(a=State(ask("?"), Routes())), "a") == {"no-match": SAME, "no-input": SAME}
    assert ways(tree(error=State(ask("?"), Routes())), "error") == {"no-match": SAME, "no-input": SAME}


def test_the_ways_out_of_a_menu(tree):
    """Its options, its repeat key, and what any question has."""
    flow = tree(m=State(Menu()), x=State("X.", options=MenuOption("1", "x", menu="m")))
    assert ways(flow, "m") == {"1": "x", "9": SAME, "no-match": SAME, "no-input": SAME}
    assert ways(tree(m=State(Menu())), "m") == {}


def test_the_ways_out_of_a_function(tree):
    """All that a function names, without an outcome; what waits with exit=None has none."""
    flow = tree(a=State(ask("?"), leads_to("b", None, Goto(SAME))(print)), b=State(Record()))
    assert [(edge.outcome, edge.target) for edge in edges(flow) if edge.state == "a"] == [
        (None, "b"),
        (None, None),
        (None, SAME),
    ]
    assert ways(flow, "b") == {}


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        (State(ask("?"), Routes()), "Gather"),
        (State("A."), None),
        (State(print, Routes({"1": None})), "Gather"),
        (State(print, Routes({"recorded": None})), "Record"),
        (State(print, Routes({"busy": None, "failed": None})), "Dial"),
        (State(print, Routes({"leave": None, "failed": None})), "Enqueue"),
        (State(print, Routes({"no-input": None})), "Gather"),
        (State(print, Routes({"busy": None, "leave": None})), None),
        (State(print, Routes()), None),
        (State(print), None),
    ],
)
def test_the_verb_that_a_state_waits_with(tree, state, verb):
    """As its content says; for a function, as its rows tell."""
    assert waiting_verb(tree(a=state).states["a"]) == verb


def test_a_menu_of_a_function_waits_with_a_gather(tree):
    """Options make it a menu."""
    flow = tree(m=State(print), x=State("X.", options=MenuOption("1", "x", menu="m")))
    assert waiting_verb(flow.states["m"]) == "Gather"
    assert ways(flow, "m")["1"] == "x"


# SessionManager.


def test_a_session_goes_through_json():
    """What is kept comes back as it was."""
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


def test_a_request_that_comes_twice_is_known_by_its_token():
    """The same token gets the same answer, of the last few."""
    session = Session("CA1")
    for turn in range(MAX_RESPONSES + 2):
        session.add_response(SentResponse(turn, f"t{turn}", "same body", f"<{turn}>"))
    assert [each.turn for each in session.responses] == list(range(2, MAX_RESPONSES + 2))
    assert session.find_response("t5", "x", None).twiml == "<5>"
    assert session.find_response("t1", "same body", None) is None
    assert session.find_response("new", "same body", 0) is None, "another token is another request"


def test_a_request_without_a_token_is_known_by_its_body_after_a_lost_race():
    """Without a token, only who lost a race gets the winner's answer to the same body."""
    session = Session("CA1", responses=[SentResponse(3, "", "body", "<3>"), SentResponse(4, "t", "body", "<4>")])
    assert session.find_response("", "body", None) is None
    assert session.find_response("", "body", 4) is None
    assert session.find_response("", "body", 3).twiml == "<4>"
    assert session.find_response("", "body", 2).twiml == "<3>"
    assert session.find_response("", "other", 2) is None


def test_a_call_that_never_was_here_is_a_new_session():
    """A new session has nothing in it."""
    session = Session("CA1")
    assert (session.turn, session.state, session.waiting_verb, session.ended, session.responses) == (
        0,
        None,
        None,
        None,
        [],
    )
    assert session.came_from is not Session("CA2").came_from


def test_a_function_without_rows_leads_where_the_rest_leads(tree):
    """Where nobody can know the verb, otherwise is drawn, or HOME."""
    assert ways(tree(a=State(print, Routes(otherwise="b")), b=State("B.")), "a") == {None: "b"}
    assert ways(tree(a=State(print, Routes())), "a") == {None: HOME}
