"""Exploration: its counts are those of trying every sequence of actions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulator.cases import play, response

from ivrkit.simulator import HangUp, PickUp, Press, Queue, Refuse, Silence, Simulator, Speak, explore, possible_actions
from ivrkit.simulator.actions import UNANSWERED_STATUSES


def few(waiting):
    """Return few actions, so that every sequence of them can be tried."""
    return [Press("1"), Press("2"), Silence(), HangUp()]


def by_force(simulator, depth, done=()):
    """Try every sequence of actions; return their number, and the warnings in all of them."""
    call = simulator.call(done)
    warnings = {each.what for each in call.warnings}
    if call.waiting is None or len(done) == depth:
        return 1, warnings
    count = 0
    for action in few(call.waiting):
        paths, more = by_force(simulator, depth, (*done, action))
        count += paths
        warnings |= more
    return count, warnings


def tree(leads):
    """Return a phone tree: page -> pages of key 1, key 2 and silence; ``""`` ends, ``"!"`` has a lint warning."""

    def page(name):
        if name == "":
            return response("<Say>Bye.</Say>")
        if name == "!":
            return response("<LintWarning/><Gather numDigits='1'/>")
        return response(f"<Say>{name}</Say><Gather numDigits='1' actionOnEmptyResult='true' action='/go?at={name}'/>")

    def go(request):
        at = request.url.partition("at=")[2]
        key = request.params.get("Digits", "")
        return page(leads[at][{"1": 0, "2": 1, "": 2}[key]])

    documents = {f"/go?at={name}": go for name in leads}
    return Simulator.for_documents({**documents, "/": page("a"), "/go": response("")})


def test_a_small_tree_is_explored_as_by_hand():
    """The counts for a tree of two pages are those that were worked out by hand."""
    simulator = tree({"a": ("b", "a", ""), "b": ("a", "", "b")})
    explored = explore(simulator.call, depth=2, choices=few)
    # From a, 1 leads to b and 2 to a, each with four more actions; silence and hanging up end the call: 4 + 4 + 2.
    # The same page at another URL is another position: /, a and b from a, a and b from b.
    assert (explored.positions, explored.paths, explored.problems) == (5, 10, [])
    # The first call, then four calls from each of three positions. The other two positions are at the full depth.
    assert explored.calls == 13
    assert all(each.ended for each in explored.ends)


@pytest.mark.deep
@settings(deadline=None)
@given(st.data(), st.integers(0, 4))
def test_counts_and_problems_are_those_of_brute_force(data, depth):
    """For any tree, the exploration finds as many paths and the same problems as trying every sequence of actions."""
    names = ["a", "b", "c"]
    leads = {name: data.draw(st.tuples(*[st.sampled_from([*names, "", "!"])] * 3)) for name in names}
    simulator = tree(leads)
    explored = explore(simulator.call, depth=depth, choices=few)
    paths, warnings = by_force(simulator, depth)
    assert explored.paths == paths
    assert bool(explored.problems) == bool(warnings)
    assert explored.calls <= 1 + 4 * explored.positions


def test_a_problem_is_reported_once_with_the_shortest_path():
    """A problem that many paths reach is reported once, with the shortest path."""
    explored = explore(tree({"a": ("b", "a", "a"), "b": ("a", "!", "a")}).call, depth=4, choices=few)
    (problem,) = [each for each in explored.problems if each.name == "12200"]
    assert problem.actions == (Press("1"), Press("2"))
    assert (problem.name, problem.hint) == ("12200", "check the verb or attribute on Twilio's page")


def test_the_key_of_a_position_can_be_given():
    """A position function finds positions that the documents do not show."""
    pressed = {}

    def serve(request):
        sid = request.params["CallSid"]
        pressed[sid] = pressed.get(sid, -1) + 1
        return response("<Gather numDigits='1'/>") if pressed[sid] < 3 else response("")

    simulator = Simulator.for_documents({"/": serve})
    one_key = {"choices": lambda waiting: [Press("1")]}
    assert explore(simulator.call, depth=5, **one_key).positions == 1
    explored = explore(simulator.call, depth=5, position=lambda call: pressed[call.sid], **one_key)
    assert (explored.positions, explored.paths) == (3, 1)


def test_a_call_that_ends_at_once_has_one_path():
    """A call that ends at once has one path and no position."""
    explored = explore(Simulator.for_documents({"/": response("")}).call, depth=3)
    assert (explored.positions, explored.paths, explored.calls) == (0, 1, 1)


KEYS = [Press(key) for key in "1234567890*#"]
CHOICES = [
    pytest.param("<Gather/>", [], [*KEYS, Silence(), HangUp()], id="keys"),
    pytest.param(
        "<Gather numDigits='2'/>",
        [],
        [*(Press(each.keys * 2) for each in KEYS), Silence(), HangUp()],
        id="several-keys",
    ),
    pytest.param("<Gather input='speech'/>", [], [Speak("elephants in the rain"), Silence(), HangUp()], id="speech"),
    pytest.param("<Record/>", [], [Press("1"), Silence(), HangUp()], id="a-recording"),
    pytest.param("<Record finishOnKey=''/>", [], [Silence(), HangUp()], id="a-recording-without-keys"),
    pytest.param(
        "<Dial>+15550100</Dial>",
        [],
        [PickUp("+15550100"), *(Refuse(result, "+15550100") for result in UNANSWERED_STATUSES), HangUp()],
        id="a-telephone",
    ),
    pytest.param("<Dial>+15550100</Dial>", [PickUp()], [HangUp(who="callee"), HangUp()], id="a-talk"),
    pytest.param("<Enqueue>a</Enqueue>", [], [PickUp(who="agent"), HangUp()], id="a-queue"),
    pytest.param("<Enqueue>a</Enqueue>", [PickUp(who="agent")], [HangUp(who="agent"), HangUp()], id="out-of-a-queue"),
    pytest.param(
        "<Enqueue waitUrl='/ask'>a</Enqueue>",
        [],
        [*KEYS, Silence(), PickUp(who="agent"), HangUp()],
        id="asked-in-a-queue",
    ),
]


@pytest.mark.parametrize(("twiml", "script", "actions"), CHOICES)
def test_possible_actions_are_possible(twiml, script, actions):
    """The actions to try in each wait are those of the table, and all of them are possible."""
    call = play(twiml, *script, documents={"/ask": response("<Gather/>")})
    assert possible_actions(call.waiting) == actions
    assert [call.waiting.why_not(each) for each in actions] == [""] * len(actions)


WORLDS = [
    pytest.param(Queue("support"), 213, 152_607, id="an-empty-queue"),
    pytest.param(Queue("support", size=1000), 337, 215_498, id="a-full-queue"),
    pytest.param(Queue("support", failure="system-error"), 337, 215_498, id="a-queue-that-fails"),
]


@pytest.mark.acme
@pytest.mark.deep
@pytest.mark.parametrize(("queue", "positions", "paths"), WORLDS)
def test_the_acme_tree_has_no_problems_to_depth_five(make_phone, queue, positions, paths):
    """The phone tree of acme-states has no problems on any path of five actions.

    The position of a call is its session in the host, without its turn and its tokens.
    """
    phone = make_phone(plugins=["acme-states"])
    phone.simulator.queues["support"] = queue
    explored = phone.explore(5)
    assert (explored.positions, explored.paths, explored.problems) == (positions, paths, [])
