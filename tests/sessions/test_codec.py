"""The codec: encrypted sessions in a store, and sessions that cannot be read."""

import json

import pytest

from ivrkit import Session
from ivrkit.flow.run.session import SentResponse
from ivrkit.sessions import SessionCipher, StoredSession
from ivrkit.sessions.codec import SessionCodec


@pytest.fixture
def codec():
    """Return a codec."""
    return SessionCodec(SessionCipher(["12345"]), "en-US")


def secret_session():
    """Return a session with a secret in its data and in its answers."""
    session = Session("CA1", turn=1, needs_encryption=True, data={"pin": "4711"}, expires=5.0)
    session.add_response(SentResponse(1, "token", "", "<Response><Say>4711</Say></Response>"))
    return session


def test_a_new_session_has_the_language_of_the_tree(codec):
    """A new session has the CallSid and the language, and otherwise the defaults."""
    assert codec.new("CA1") == Session("CA1", language="en-US")


def test_a_session_is_plain_json_in_a_store(codec):
    """A session without a secret is readable in the store, so that an operator can look at it."""
    stored = codec.encode_for_store(Session("CA1", turn=2, state="menu", expires=5.0))
    assert (stored.sid, stored.turn, stored.expires) == ("CA1", 2, 5.0)
    assert json.loads(stored.body)["state"] == "menu"


def test_a_secret_session_is_encrypted_in_a_store(codec):
    """A session with a secret is encrypted as a whole, and decodes to the same session."""
    stored = codec.encode_for_store(secret_session())
    assert "4711" not in stored.body
    assert stored.body.startswith("encrypted:")
    assert codec.decode(stored) == secret_session()


def test_a_session_for_a_cookie_has_no_documents(codec):
    """A session for a cookie has the start of the tokens that were answered, and no documents."""
    session = codec.decode(codec.encode_for_cookie(secret_session()))
    assert session.data == {"pin": "4711"}
    assert session.responses == [SentResponse(1, "token", "", "")]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("not JSON", "a stored session cannot be read"),
        (
            '{"responses":[],"sid":"CA2","turn":5}',
            "a stored session must be turn 5 of call 'CA1', not turn 5 of call 'CA2'",
        ),
        (
            '{"responses":[],"sid":"CA1","turn":"one"}',
            "a stored session must be turn 5 of call 'CA1', not turn 'one' of call 'CA1'",
        ),
        (
            "encrypted:nonsense",
            "a stored session cannot be decrypted: it was encrypted with another auth token or shared key",
        ),
    ],
)
def test_an_unreadable_session_is_logged_and_starts_again(codec, caplog, body, error):
    """An unreadable session is logged with the reason, and the call gets a new session at the same turn."""
    assert codec.decode(StoredSession("CA1", 5, 1e10, body)) == Session("CA1", turn=5, language="en-US")
    assert caplog.records[0].message == "call CA1: the session of turn 5 cannot be read, and starts again"
    assert error in caplog.text
