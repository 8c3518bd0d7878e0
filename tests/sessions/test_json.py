"""The JSON of a session, which every store and every cookie has."""

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

#: Hypothesis needs a while to generate a session, and must not fail for that on a busy machine.
some = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

HINT = "\n  hint: another program wrote to this store; give ivrkit a store of its own"


@some
@given(sessions)
def test_a_session_is_unchanged_by_json(session):
    """A session that is encoded as JSON and decoded again is equal to the original."""
    assert Session.from_json(session.to_json()) == session


def test_every_field_is_encoded():
    """The JSON has every field of the class, so a new field is stored without more code."""
    assert json.loads(Session("CA1").to_json()).keys() == {field.name for field in fields(Session)}


@some
@given(sessions, st.text(min_size=1, max_size=10), values)
def test_an_unknown_field_is_ignored(session, name, value):
    """A field of a later version is ignored, so that a host can go back to the version before during calls."""
    values = json.loads(session.to_json())
    assert Session.from_json(json.dumps({f"new {name}": value, **values})) == session


def test_a_missing_field_has_its_default():
    """A field that an earlier version did not have gets its default, so that a host can be updated during calls."""
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
def test_a_text_that_is_not_a_session_is_an_error(text, error):
    """A text that is not a session is a SessionError with the reason and a hint."""
    with pytest.raises(SessionError) as caught:
        Session.from_json(text)
    assert str(caught.value) == f"a stored session cannot be read: {error}{HINT}"


@pytest.mark.parametrize(
    "text", ['{"responses":[]}', '{"sid":"CA1","responses":[[1,2,3]]}', '{"sid":"CA1","responses":[7]}']
)
def test_a_session_without_required_fields_is_an_error(text):
    """A session without a CallSid, or with an incomplete response, is a SessionError."""
    with pytest.raises(SessionError, match=r"^a stored session cannot be read: TypeError"):
        Session.from_json(text)


@some
@given(sessions)
def test_the_json_is_ascii_in_one_line(session):
    """The JSON is ASCII text in one line, so that every store can hold it."""
    text = session.to_json()
    assert text.isascii()
    assert "\n" not in text
