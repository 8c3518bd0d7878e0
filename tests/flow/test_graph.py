"""The call flow as a graph."""

import pytest
from twilio.twiml.voice_response import Dial, Enqueue, Record

from ivrkit import BACK, HOME, SAME, Edge, Goto, Menu, MenuOption, Routes, State, ask, edges, leads_to
from ivrkit.flow.compile.graph import waiting_verb


def outgoing(flow, state):
    """Return the edges of a state as outcome -> target."""
    return {edge.outcome: edge.target for edge in edges(flow) if edge.state == state}


def test_the_edges_of_a_question(tree):
    """The rows of a question come first, then the edges of the transition rules."""
    flow = tree(a=State(ask("?"), Routes({"1": Goto("b", say="x")})), b=State("B."), error=State("No.", BACK))
    assert outgoing(flow, "a") == {"1": "b", "no-match": "error", "no-input": SAME}
    assert outgoing(flow, "b") == {}
    assert outgoing(flow, "error") == {None: BACK}
    assert next(edges(flow)) == Edge("a", "1", "b")


def test_the_edges_of_otherwise(tree):
    """Outcomes without a row lead to otherwise, except the successful ones."""
    flow = tree(a=State(ask("?"), Routes({"1": None, "no-input": SAME}, otherwise=Goto(HOME, say="x"))))
    assert outgoing(flow, "a") == {"1": None, "no-input": SAME, "no-match": HOME}
    flow = tree(a=State(Dial("+1"), Routes({"busy": SAME}, otherwise=HOME)))
    assert outgoing(flow, "a") == {
        "busy": SAME,
        "answered": None,
        "no-answer": HOME,
        "failed": HOME,
        "canceled": HOME,
        "declined": HOME,
    }


def test_the_edges_without_otherwise(tree):
    """Without otherwise, a failed Dial leads HOME, success to the goodbye, and a wrong key to the state again."""
    assert outgoing(tree(a=State(Enqueue("q"), Routes())), "a") == {
        "bridged": None,
        "leave": HOME,
        "hangup": HOME,
        "queue-full": HOME,
        "failed": HOME,
    }
    assert outgoing(tree(a=State(ask("?"), Routes())), "a") == {"no-match": SAME, "no-input": SAME}
    assert outgoing(tree(error=State(ask("?"), Routes())), "error") == {"no-match": SAME, "no-input": SAME}


def test_the_edges_of_a_menu(tree):
    """A menu has edges for its options, its repeat key, and silence and wrong keys."""
    flow = tree(m=State(Menu()), x=State("X.", options=MenuOption("1", "x", menu="m")))
    assert outgoing(flow, "m") == {"1": "x", "9": SAME, "no-match": SAME, "no-input": SAME}
    assert outgoing(tree(m=State(Menu())), "m") == {}


def test_the_edges_of_a_function(tree):
    """A function exit has an edge without an outcome for each declared target. A last question has none."""
    flow = tree(a=State(ask("?"), leads_to("b", None, Goto(SAME))(print)), b=State(Record()))
    assert [(edge.outcome, edge.target) for edge in edges(flow) if edge.state == "a"] == [
        (None, "b"),
        (None, None),
        (None, SAME),
    ]
    assert outgoing(flow, "b") == {}


def test_the_edge_of_too_many_failures(tree):
    """Where failures are counted, ``give_up`` has an edge. The operator has none, because it depends on the start."""
    give_up = Goto("b", say="Enough.")
    routes = Routes({"1": "b"}, give_up=give_up)
    for state in (State(ask("?"), routes), State(print, routes), State(Menu(), routes)):
        assert outgoing(tree(a=state, b=State("B.")), "a")["give_up"] == "b"
    asks = leads_to(SAME, tries=2, give_up=Goto(None, say="Goodbye."))(print)
    assert outgoing(tree(a=State(ask("?"), asks)), "a") == {None: SAME, "give_up": None}
    assert "give_up" not in outgoing(tree(a=State("A.", asks)), "a")
    assert "give_up" not in outgoing(tree(a=State(Dial("+1"), Routes(give_up="a"))), "a")
    assert "give_up" not in outgoing(tree(a=State(ask("?"), Routes({"1": None}))), "a")


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
def test_the_waiting_verb_of_a_state(tree, state, verb):
    """The waiting verb is that of the content, or for an enter function the one that fits the rows."""
    assert waiting_verb(tree(a=state).states["a"]) == verb


def test_the_waiting_verb_of_a_menu_from_a_function(tree):
    """An enter function that options name is a menu, and waits with a Gather."""
    flow = tree(m=State(print), x=State("X.", options=MenuOption("1", "x", menu="m")))
    assert waiting_verb(flow.states["m"]) == "Gather"
    assert outgoing(flow, "m")["1"] == "x"


def test_the_edge_of_a_state_with_an_unknown_verb(tree):
    """If the waiting verb is unknown, the only edge is otherwise, or HOME."""
    assert outgoing(tree(a=State(print, Routes(otherwise="b")), b=State("B.")), "a") == {None: "b"}
    assert outgoing(tree(a=State(print, Routes())), "a") == {None: HOME}
