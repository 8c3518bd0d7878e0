"""Speech: the phone key that a caller chooses by speech, with a number word or with a phrase of a menu option."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_ONES = ("one, won", "two, to, too", "three", "four, for", "five", "six", "seven", "eight, ate", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


#: Accents of Latin letters. The marks of other scripts can be vowels, so they are never left out.
_ACCENTS = re.compile("(?<=[a-z])[\u0300-\u036f]+")


def _two_digit_words() -> Iterator[str]:
    """Yield the English words for 10 to 99."""
    yield from _TEENS
    for ten in _TENS:
        yield ten
        yield from (f"{ten}-{one.partition(',')[0]}" for one in _ONES)


#: Phone keys -> the English words that a caller may say for them, separated by commas. Some are words that speech
#: recognition takes for a number.
SPOKEN_KEYS: Mapping[str, str] = {
    "0": "zero",
    **{str(number): words for number, words in enumerate(_ONES, 1)},
    **{str(number): words for number, words in enumerate(_two_digit_words(), 10)},
    "*": "star, asterisk",
    "#": "pound, hash, number sign, pound sign, hash sign, hashtag",
}


def normalize_phrase(phrase: str) -> str:
    """Return a phrase in small letters, without punctuation and with single spaces, so that phrases can be compared.

    Letters, digits and combining marks are kept, because a combining mark can be a vowel. Different encodings of the
    same character become equal (NFKC), and invisible format characters are removed.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", phrase).casefold())
    return " ".join("".join(map(_kept, folded)).split())


def _kept(character: str) -> str:
    """Return a letter, digit or mark unchanged, ``""`` for a format character, and a space for any other character."""
    category = unicodedata.category(character)
    if category[0] in "LNM" or character == "_":
        return character
    return "" if category == "Cf" else " "


def without_accents(phrase: str) -> str:
    """Return a normalized phrase without the accents of Latin letters, such as ``numero`` for ``número``."""
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", phrase)))


def with_plain_spellings(keys: Mapping[str, str]) -> dict[str, str]:
    """Return a table of phrases, and each phrase also without its accents.

    Speech recognition and authors often leave accents out. A spelling that would stand for two keys is not added.

    :param keys: normalized phrase -> phone keys that the phrase stands for.
    """
    plain: dict[str, set[str]] = {}
    for phrase, key in keys.items():
        plain.setdefault(without_accents(phrase), set()).add(key)
    return {**{phrase: min(found) for phrase, found in plain.items() if len(found) == 1}, **keys}


def split_words(words: str) -> list[str]:
    """Return the normalized words or phrases of a text in which commas separate the words or phrases."""
    return [phrase for phrase in map(normalize_phrase, words.split(",")) if phrase]


@dataclass(frozen=True, slots=True)
class Phrases:
    """A table of phrases that can be found inside a sentence.

    :param keys: normalized phrase -> phone keys that the phrase stands for.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    _longest: int = field(init=False)

    def __post_init__(self) -> None:
        """Store the number of words of the longest phrase. Longer parts of a sentence are not looked up."""
        object.__setattr__(self, "_longest", max((phrase.count(" ") + 1 for phrase in self.keys), default=0))

    def longest_match(self, words: Sequence[str], start: int) -> tuple[int, str] | None:
        """Find the longest phrase at a position of a sentence.

        :param words: the words of the sentence.
        :param start: the index of the first word of the phrase.
        :returns: the index behind the last word of the phrase, and the keys of the phrase. ``None`` if there is no
            phrase.
        """
        for end in range(min(len(words), start + self._longest), start, -1):
            keys = self.keys.get(" ".join(words[start:end]))
            if keys is not None:
                return end, keys
        return None


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The words for phone keys in one language.

    :param words: the number words, such as ``twenty one``, with the phone keys that the words stand for.
    :param fillers: the normalized words that a caller may say before or after a key, such as ``press``.
    """

    words: Phrases = Phrases()
    fillers: Collection[str] = ()

    def read(self, words: Sequence[str]) -> str | None:
        """Return the phone keys that words stand for.

        The keys are read one after the other, so ``four one one`` is ``411``. If several number words fit, the longest
        number word is used: ``twenty one`` is ``21``, not ``201``.

        :returns: the keys, or ``None`` if a word is neither a key nor a filler word, or if all are filler words.
        """
        keys, index = "", 0
        while index < len(words):
            found = self.words.longest_match(words, index) or self._read_word(words[index], index)
            if found is None:
                return None
            index, key = found
            keys += key
        return keys or None

    def _read_word(self, word: str, index: int) -> tuple[int, str] | None:
        """Return the index behind a word of digits or a filler word, and the phone keys of this word.

        A filler word has no phone keys. For any other word, return ``None``.
        """
        if word in self.fillers:
            return index + 1, ""
        digits = _digits(word)
        return None if digits is None else (index + 1, digits)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that a caller can say in a state, in one language.

    :param phrases: the phrases of the menu options, with their keys.
    :param keys: the keys that have a row in the state's routes.
    :param number_words: the words for phone keys.
    """

    phrases: Phrases = Phrases()
    keys: Collection[str] = ()
    number_words: NumberWords = NumberWords()

    def key_of(self, speech: str) -> str | None:
        """Return the key that a caller chooses by speech, or ``None`` if no key or more than one key fits.

        These rules are tried in this order:

        1. The whole speech is a phrase.
        2. The whole speech is a key of the state, with or without filler words: ``five``, ``5.``, ``press five``.
        3. The speech contains, as whole words, a phrase of one key and no phrase of another key. A phrase inside a
           longer phrase does not count: ``opening hours`` does not count as ``hours``.

        If no rule finds a key, the rules are tried again without the accents of Latin letters.
        """
        words = normalize_phrase(speech)
        if not words:
            # The keys * and # are not words.
            key = "".join(speech.split())
            return key if key in self.keys else None
        found = self._keys_of(words) or self._keys_of(without_accents(words))
        return found.pop() if len(found) == 1 else None

    def _keys_of(self, words: str) -> set[str]:
        """Return the keys that fit normalized words by the first rule that finds a key."""
        if words in self.phrases.keys:
            return {self.phrases.keys[words]}
        key = self.number_words.read(words.split())
        if key is not None and key in self.keys:
            return {key}
        return {*self._keys_of_phrases(words.split())}

    def _keys_of_phrases(self, words: Sequence[str]) -> Iterator[str]:
        """Yield the key of each phrase inside a sentence, without phrases that are inside a longer phrase."""
        covered = 0
        for start in range(len(words)):
            found = self.phrases.longest_match(words, start)
            if found is not None and found[0] > covered:
                covered, key = found
                yield key


def _digits(word: str) -> str | None:
    """Return a word that consists of digits of any script as ASCII digits. Return ``None`` for any other word."""
    values = [unicodedata.decimal(character, None) for character in word]
    return None if None in values else "".join(map(str, values))


def make_number_words(names: Mapping[str, str], spoken: Mapping[str, str], fillers: str) -> NumberWords:
    """Return the words for phone keys in one language.

    :param names: phone key -> name of the key in prompts.
    :param spoken: phone keys -> more words for these keys, separated by commas.
    :param fillers: the words that a caller may say before or after a key, separated by commas.
    """
    rows = [(words, key) for key, said in (*spoken.items(), *names.items()) for words in split_words(said)]
    filler_words = " ".join(split_words(fillers))
    filler_words = f"{filler_words} {without_accents(filler_words)}"
    return NumberWords(Phrases(with_plain_spellings(dict(rows))), frozenset(filler_words.split()))
