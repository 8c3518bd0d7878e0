"""Encrypted sessions cannot be read or changed without the key, and belong to one call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrkit.sessions import SessionCipher

TEXT = '{"data":{"pin":"4711"}}'


@given(st.text(st.characters(max_codepoint=127), max_size=3000))
def test_an_encrypted_text_is_decrypted(text):
    """Decryption returns the text that was encrypted, whether it is short or long."""
    cipher = SessionCipher(["a"])
    assert cipher.decrypt(cipher.encrypt(text, "CA1"), "CA1") == text


def test_an_encrypted_text_reveals_nothing():
    """An encrypted text has only letters, digits, `-` and `_`, and is different each time."""
    cipher = SessionCipher(["a"])
    one, two = cipher.encrypt(TEXT, "CA1"), cipher.encrypt(TEXT, "CA1")
    assert one != two
    assert "4711" not in one
    assert set(one) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_long_text_is_compressed():
    """A long text is compressed before it is encrypted, because a cookie has little room."""
    assert len(SessionCipher(["a"]).encrypt("menu, " * 1000, "CA1")) < 200


def test_a_text_cannot_be_decrypted_for_another_call():
    """A text that was encrypted for one call cannot be decrypted for another."""
    cipher = SessionCipher(["a"])
    assert cipher.decrypt(cipher.encrypt(TEXT, "CA1"), "CA2") is None


def test_every_key_decrypts_and_the_first_encrypts():
    """The first key encrypts and every key decrypts, so a token can be rotated during calls."""
    old, new, both = SessionCipher(["old"]), SessionCipher(["new"]), SessionCipher(["new", "old"])
    assert both.decrypt(old.encrypt(TEXT, "CA1"), "CA1") == TEXT
    assert new.decrypt(both.encrypt(TEXT, "CA1"), "CA1") == TEXT
    assert old.decrypt(both.encrypt(TEXT, "CA1"), "CA1") is None


@pytest.mark.parametrize("encrypted", ["", "A", "AAAA", "a b c", "é", "A" * 5, "A" * 100, "?" * 40])
def test_an_invalid_text_is_none(encrypted):
    """A text that was never encrypted gives None and raises nothing, because a cookie can have any value."""
    assert SessionCipher(["a"]).decrypt(encrypted, "CA1") is None


def test_a_changed_text_is_none():
    """A text with a single changed character gives None."""
    cipher = SessionCipher(["a"])
    encrypted = cipher.encrypt(TEXT, "CA1")
    for index in range(0, len(encrypted) - 1, 5):  # the last character can have unused bits
        other = "A" if encrypted[index] != "A" else "B"
        assert cipher.decrypt(encrypted[:index] + other + encrypted[index + 1 :], "CA1") is None
