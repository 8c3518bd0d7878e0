"""How a session becomes JSON and comes back: what every store writes."""

import json
from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivrkit import Session, SessionError
from ivrkit.flow.run.session import SentResponse

texts = st.text(max_size=8)
maybe = st.none() | texts
counts = st.integers(0, 10_000)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
sessions = st.builds(
    Session,
    sid=texts,
    turn=counts,
    state=maybe,
    waiting_verb=maybe,
    routes_hash=texts,
    came_from=st.dictionaries(texts, texts, max_size=2),
    visited_menus=st.lists(texts, max_size=2),
    failure_counts=st.dictionaries(texts, st.dictionaries(texts, counts, max_size=2), max_size=2),
    failures_in_row=counts,
    operator_tried=st.booleans(),
    language=texts,
    ended=maybe,
    path=st.lists(st.tuples(texts, maybe).map(list), max_size=2),
    data=st.dictionaries(texts, values, max_size=2),
    responses=st.lists(st.builds(SentResponse, turn=counts, token=texts, request_hash=texts, twiml=texts), max_size=2),
    expires=st.floats(0, 1e11),
)

#: A session is a large thing to make up; a machine that is busy is no reason to fail.
some = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

HINT = "\n  hint: the store was written by something else; give this host a store of its own"


@some
@given(sessions)
def test_what_goes_in_comes_out(session):
    """A session is the same after JSON, whatever its texts, numbers and data are."""
    assert Session.from_json(session.to_json()) == session


def test_every_field_is_kept():
    """A new field of a session is kept without further ado."""
    assert json.loads(Session("CA1").to_json()).keys() == {each.name for each in fields(Session)}


@some
@given(sessions, st.text(min_size=1, max_size=10), values)
def test_a_field_that_this_version_does_not_know_is_left_out(session, name, value):
    """A host can be taken back to the version before while calls go on."""
    kept = json.loads(session.to_json())
    assert Session.from_json(json.dumps({f"new {name}": value, **kept})) == session


def test_a_field_that_an_older_version_did_not_write_has_its_default():
    """A host can be brought up to date while calls go on."""
    assert Session.from_json('{"sid":"CA1","turn":2,"responses":[]}') == Session("CA1", turn=2)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "JSONDecodeError('Expecting value: line 1 column 1 (char 0)')"),
        ("{", "JSONDecodeError('Expecting property name enclosed in double quotes: line 1 column 2 (char 1)')"),
        ("[]", "TypeError('list indices must be integers or slices, not str')"),
        ("null", "TypeError(\"'NoneType' object is not subscriptable\")"),
        ('{"sid":"CA1"}', "KeyError('responses')"),
    ],
)
def test_a_text_that_is_no_session_is_refused(text, error):
    """What something else wrote is told as such, with what was wrong with it."""
    with pytest.raises(SessionError) as caught:
        Session.from_json(text)
    assert str(caught.value) == f"a stored session cannot be read: {error}{HINT}"


@pytest.mark.parametrize(
    "text", ['{"responses":[]}', '{"sid":"CA1","responses":[[1,2,3]]}', '{"sid":"CA1","responses":[7]}']
)
def test_a_session_with_pieces_missing_is_refused(text):
    """A session needs its CallSid, and an answer all that belongs to it."""
    with pytest.raises(SessionError, match=r"^a stored session cannot be read: TypeError"):
        Session.from_json(text)


@some
@given(sessions)
def test_the_json_is_plain(session):
    """The text is ASCII in one line, so that any store can keep it."""
    text = session.to_json()
    assert text.isascii()
    assert "\n" not in text
