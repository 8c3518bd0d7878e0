"""Texts: sentences that are translated, and the core's own sentences."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields

from ivrkit.errors import FlowError, nearest
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.speech import SPOKEN_KEYS

#: Key of a telephone -> its name in English.
KEY_NAMES: Mapping[str, str] = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "*": "star",
    "#": "pound",
}


#: The placeholders of the sentence of a menu option. The core fills them in.
OPTION_PLACEHOLDERS = ("key", "label", "company")


class Text(str):
    """A sentence that is said in the language of the call.

    Write the sentence in the source language of your plugin, and the translations in gettext files of your package,
    such as ``locale/es/LC_MESSAGES/messages.po``. Without a translation, the sentence is said as it is written. A
    ``Text`` is valid wherever a string is: in ``enter``, ``ask``, ``Menu`` and ``Goto(say=...)``, as the label,
    sentence or phrase of a ``MenuOption``, and as the text of a verb.

    :param sentence: the sentence, which may have placeholders in braces: ``Text("Press {key}.", key="4")``.
    :param values: the values of the placeholders. Each value is filled in after the translation. A value that is a
        ``Text`` is translated, too.
    :raises FlowError: if a placeholder has no value, or a value has no placeholder.
    """

    values: Mapping[str, object]

    def __new__(cls, sentence: str, /, **values: object) -> Text:
        """Create the text, and check its placeholders."""
        text = super().__new__(cls, sentence)
        text.values = values
        # Without values, braces mean nothing: the sentence is said as it is.
        if values:
            check_placeholders(f"Text({sentence!r})", sentence, tuple(values))
            unused = [name for name in values if name not in placeholders_in(sentence)]
            if unused:
                raise FlowError(
                    f"Text({sentence!r}) must have a placeholder for the value {unused[0]!r}",
                    hint=f"write {{{unused[0]}}} in the sentence, or leave out the value",
                )
        return text

    def __repr__(self) -> str:
        """Return the text as Python code, such as ``Text('Hello.')``."""
        return "".join([f"Text({str(self)!r}", *(f", {name}={value!r}" for name, value in self.values.items()), ")"])

    def __eq__(self, other: object) -> bool:
        """Return whether the other text has the same sentence and the same values."""
        return str.__eq__(self, other) is True and self.values == getattr(other, "values", {})

    def __ne__(self, other: object) -> bool:
        """Return whether the other text has another sentence or other values."""
        return not self == other

    __hash__ = str.__hash__

    def __reduce__(self) -> tuple[object, ...]:
        """Return the function and the arguments with which ``copy`` and ``pickle`` create a copy of the text."""
        return _restore_text, (str(self), dict(self.values))


def _restore_text(sentence: str, values: Mapping[str, object]) -> Text:
    return Text(sentence, **values)


def _sentence(default: str, *placeholders: str) -> str:
    """Return a dataclass field for a sentence of the core.

    :param default: the English sentence.
    :param placeholders: the names of the placeholders that the sentence may have.
    """
    value: str = field(default=default, metadata={"placeholders": placeholders})
    return value


@dataclass(frozen=True)
class Texts:
    """The core's own sentences: the table ``[texts]`` of ``ivrkit.toml``.

    :raises FlowError: if a sentence has an unknown placeholder, or if ``keys`` or ``spoken_keys`` names a key that is
        not on a telephone.
    """

    greeting: str = _sentence("Thank you for calling {company}.", "company")
    option: str = _sentence("For {label}, press {key}.", "label", "key")
    repeat: str = _sentence("To hear this again, press {key}.", "key")
    wrong_choice: str = _sentence("Sorry, that is not one of the choices.")
    apology: str = _sentence("We are sorry, something went wrong.")
    unavailable: str = _sentence("Sorry, that is not available at the moment.")
    not_connected: str = _sentence("Sorry, we could not connect you.")
    dial_limit: str = _sentence("Sorry, we cannot connect you again in this call.")
    too_many_calls: str = _sentence("You have called too often. Please call again later. Goodbye.")
    no_options: str = _sentence("There are no options at the moment.")
    goodbye: str = _sentence("Goodbye.")
    accept: str = _sentence("To take the call, press {key}.", "key")
    voicemail: str = _sentence("Please leave a message after the tone.")
    thanks: str = _sentence("Thank you. We have your message.")
    no_message: str = _sentence("We did not hear a message.")
    transfer: str = _sentence("One moment, please.")
    queue: str = _sentence("Please stay on the line.")
    yes_or_no: str = _sentence("For yes, press {yes}. For no, press {no}.", "yes", "no")
    entered: str = _sentence("You have entered {digits}.", "digits")
    confirm: str = _sentence("If that is right, press {yes}. To enter it again, press {no}.", "yes", "no")
    wrong_digits: str = _sentence("Sorry, that can't be right.")
    filler_words: str = _sentence(
        "press, push, hit, dial, enter, choose, select, option, number, key, button, the, please, thanks, um, uh"
    )
    keys: Mapping[str, str] = field(default_factory=lambda: dict(KEY_NAMES))
    spoken_keys: Mapping[str, str] = field(default_factory=lambda: dict(SPOKEN_KEYS))

    def __post_init__(self) -> None:
        """Check the placeholders of all sentences. Add the default words for all phone keys that have no words yet.

        :raises FlowError: if a sentence has an unknown placeholder, or if a table of words has an unknown phone key.
        """
        for each in fields(self):
            if each.metadata:
                check_placeholders(f"texts.{each.name}", getattr(self, each.name), each.metadata["placeholders"])
        for key in self.keys:
            if key not in KEY_NAMES:
                raise FlowError(
                    f"texts.keys must have only the keys {' '.join(KEY_NAMES)}, not {key!r}",
                    hint="name one key at a time; longer sequences are spelled key by key",
                )
        for key in self.spoken_keys:
            if not is_key_sequence(key):
                raise FlowError(
                    f"texts.spoken_keys must have only keys of a telephone (0-9, * and #), not {key!r}",
                    hint='write the words behind the keys: 21 = "twenty-one"',
                )
        object.__setattr__(self, "keys", {**KEY_NAMES, **self.keys})
        object.__setattr__(self, "spoken_keys", {**SPOKEN_KEYS, **self.spoken_keys})

    def spell_keys(self, keys: str) -> str:
        """Return the names of phone keys as one text: ``"one two"`` for ``"12"``."""
        return " ".join(self.keys[key] for key in keys)


#: The names of the core's sentences, which have placeholders and English defaults.
SENTENCES = tuple(each.name for each in fields(Texts) if each.metadata)


def spoken_keys(keys: str) -> Text:
    """Return a text with the names of phone keys in the language of the call, such as "one two" for ``"12"``."""
    first, rest = Text(KEY_NAMES[keys[0]]), keys[1:]
    return Text("{key} {more}", key=first, more=spoken_keys(rest)) if rest else first


def is_text(value: object) -> bool:
    """Return whether a value is a string that is not blank."""
    return isinstance(value, str) and value.strip() != ""


def placeholders_in(sentence: str) -> set[str]:
    """Return the names of the placeholders of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def has_placeholder(sentence: str, name: str) -> bool:
    """Return whether a sentence has a placeholder that the core fills in.

    A ``Text`` with values fills in its own placeholders, so it has none for the core.
    """
    return not getattr(sentence, "values", {}) and name in placeholders_in(sentence)


def check_placeholders(name: str, sentence: str, known: Collection[str]) -> None:
    """Raise an error if the placeholders of a sentence could not be filled in during a call.

    :param name: the name of the sentence, for the message.
    :param sentence: the sentence.
    :param known: the names of the placeholders that have a value.
    :raises FlowError: if the sentence has an unknown placeholder, a single brace, or a placeholder with a format or a
        conversion, such as ``{key:>3}`` or ``{key!r}``.
    """
    *names, last = ["{" + each + "}" for each in known] or [""]
    listed = f"{', '.join(names)} and {last}" if names else last
    allowed = f"only the placeholder{'s' * (len(known) > 1)} {listed}" if known else "no placeholders"
    message = f"{name} must have {allowed}, not {sentence!r}"
    hint = "leave out other placeholders; write {{ for a brace"
    try:
        parsed = list(string.Formatter().parse(sentence))
    except ValueError as error:
        raise FlowError(f"{message}: {error}", hint=hint) from None
    # A format or a conversion could fail for some values.
    for _, placeholder, layout, conversion in parsed:
        if placeholder is not None and (placeholder not in known or layout or conversion):
            near = "" if placeholder in known else nearest(placeholder, known)
            raise FlowError(message + near, hint=hint)
