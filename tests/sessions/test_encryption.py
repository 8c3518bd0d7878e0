"""What is sealed can be read and changed by nobody without a key, and is opened for its own call alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrkit.sessions import Seal

TEXT = '{"data":{"pin":"4711"}}'


@given(st.text(st.characters(max_codepoint=127), max_size=3000))
def test_what_is_sealed_is_opened_again(text):
    """Short texts and long ones."""
    seal = Seal(["a"])
    assert seal.open(seal.seal(text, "CA1"), "CA1") == text


def test_nothing_of_it_can_be_read():
    """It is letters, digits, `-` and `_`, and other ones each time."""
    seal = Seal(["a"])
    one, two = seal.seal(TEXT, "CA1"), seal.seal(TEXT, "CA1")
    assert one != two
    assert "4711" not in one
    assert set(one) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_long_text_is_packed():
    """There is little room in a cookie."""
    assert len(Seal(["a"]).seal("menu, " * 1000, "CA1")) < 200


def test_it_is_opened_for_no_other_call():
    """What one call was given is nothing to another."""
    seal = Seal(["a"])
    assert seal.open(seal.seal(TEXT, "CA1"), "CA2") is None


def test_every_key_opens_and_the_first_seals():
    """A token can be rotated while calls go on."""
    old, new, both = Seal(["old"]), Seal(["new"]), Seal(["new", "old"])
    assert both.open(old.seal(TEXT, "CA1"), "CA1") == TEXT
    assert new.open(both.seal(TEXT, "CA1"), "CA1") == TEXT
    assert old.open(both.seal(TEXT, "CA1"), "CA1") is None


@pytest.mark.parametrize("sealed", ["", "A", "AAAA", "a b c", "é", "A" * 5, "A" * 100, "?" * 40])
def test_what_nobody_sealed_is_nothing(sealed):
    """Whatever comes in a cookie."""
    assert Seal(["a"]).open(sealed, "CA1") is None


def test_what_was_changed_is_nothing():
    """Each sign of it counts."""
    seal = Seal(["a"])
    sealed = seal.seal(TEXT, "CA1")
    for place in range(0, len(sealed) - 1, 5):  # the last sign may have bits that are nothing
        other = "A" if sealed[place] != "A" else "B"
        assert seal.open(sealed[:place] + other + sealed[place + 1 :], "CA1") is None
