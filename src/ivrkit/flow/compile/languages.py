"""The languages of calls: translations of texts, and the comparison of language tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ivrkit.errors import FlowError
from ivrkit.flow.model.speech import NumberWords, make_number_words
from ivrkit.flow.model.state import CORE_PLUGIN, State
from ivrkit.flow.model.text import KEY_NAMES, SENTENCES, Text, Texts

#: Text as it is written -> its translation.
Translations = Mapping[str, str]
#: The language that texts are written in, if a package has no translations that say otherwise.
SOURCE_LANGUAGE = "en"
#: Name in :class:`Texts` -> the core's sentence as it is written.
CORE_TEXTS: Mapping[str, str] = {name: getattr(Texts, name) for name in SENTENCES}

_NO_TRANSLATIONS: Translations = {}
_PLACEHOLDER = re.compile(r"\{\w+\}")
_CORE_TEXT_NAMES: Mapping[str, str] = {text: name for name, text in CORE_TEXTS.items()}
_KEYS_BY_NAME: Mapping[str, str] = {name: key for key, name in KEY_NAMES.items()}


@dataclass(frozen=True)
class Language:
    """One language of calls.

    :param tag: a language tag (BCP 47) that Twilio knows, such as ``es-MX``.
    :param voice: the voice of every ``Say`` without voice and language, or ``None`` for the account's voice.
    :param texts: the core's sentences in this language.
    :param company: the name of the company, for the placeholder ``{company}``.
    :param translations: name of a plugin -> text -> translation into this language.
    :param text_overrides: name of a state -> text of the state -> text that the settings set instead. Such a text has
        priority over a translation.
    """

    tag: str
    voice: str | None = None
    texts: Texts = field(default_factory=Texts)
    company: str = "our company"
    translations: Mapping[str, Translations] = field(default_factory=dict)
    text_overrides: Mapping[str, Translations] = field(default_factory=dict)

    @cached_property
    def number_words(self) -> NumberWords:
        """The words for phone keys in this language."""
        return make_number_words(self.texts.keys, self.texts.spoken_keys, self.texts.filler_words)

    def translate(self, text: str, state: State) -> str:
        """Return the translation of a text, with its placeholders filled in.

        A ``Text`` is looked up in this order: the texts that the settings set for the state, the translations of the
        state's plugin, the core's texts and translations. A text that is not found is returned as it is written.

        :param text: the text. A plain ``str`` is only looked up in the texts that the settings set for the state.
        :param state: the state that says the text.
        """
        written = str(text)
        found = self._overriding_text(written, state) if self.text_overrides else None
        if not isinstance(text, Text):
            return text if found is None else found
        if found is None:
            found = self.translations.get(state.owner.plugin, _NO_TRANSLATIONS).get(written)
        if found is None:
            found = self._core_text(written)
        # A sentence without values may have braces of its own.
        if not text.values:
            return found
        return found.format(**{name: self._value(value, state) for name, value in text.values.items()})

    def has_translation(self, text: Text, state: State) -> bool:
        """Return whether a text has a translation into this language. A text of only placeholders needs none."""
        plugins = (state.owner.plugin, CORE_PLUGIN)
        tables = (
            *(self.translations.get(plugin, _NO_TRANSLATIONS) for plugin in plugins),
            _CORE_TEXT_NAMES,
            _KEYS_BY_NAME,
        )
        found = self._overriding_text(str(text), state) is not None or any(str(text) in table for table in tables)
        return found or not _PLACEHOLDER.sub("", text).strip()

    def _overriding_text(self, written: str, state: State) -> str | None:
        """Return the text that the settings set instead of a text of a state, or ``None``.

        Settings for a parent state apply to its substates, too.

        :param written: the text as it is written.
        :param state: the state.
        """
        tables = (self.text_overrides.get(name, _NO_TRANSLATIONS) for name in (state.name, *_parents(state.parent)))
        return next((table[written] for table in tables if written in table), None)

    def _core_text(self, written: str) -> str:
        """Return the translation of a core's sentence or of a phone key's name. Return any other text unchanged.

        :param written: the English sentence or name.
        """
        if written in _CORE_TEXT_NAMES:
            return str(getattr(self.texts, _CORE_TEXT_NAMES[written]))
        if written in _KEYS_BY_NAME:
            return self.texts.keys[_KEYS_BY_NAME[written]]
        return self.translations.get(CORE_PLUGIN, _NO_TRANSLATIONS).get(written, written)

    def _value(self, value: object, state: State) -> object:
        return self.translate(value, state) if isinstance(value, Text) else value


def _parents(parent: str) -> Iterator[str]:
    """Yield the name of a state and the names of all its parent states: for ``a.b``, yield ``a.b`` and ``a``."""
    while parent:
        yield parent
        parent = parent.rpartition(".")[0]


def base_language(tag: str) -> str:
    """Return the language of a tag without its country: ``es`` for ``es-MX``."""
    return tag.replace("_", "-").partition("-")[0].lower()


def applicable_tags(tag: str, tags: Iterable[str]) -> list[str]:
    """Return the tags whose settings apply to a language, such as ``es`` and ``es-MX`` for ``es-MX``.

    The tag without a country comes first. A tag of another country does not apply.

    :param tag: the tag of the language, such as ``es-MX``.
    :param tags: the tags that have settings.
    """
    known = list(tags)
    wanted = tag.replace("_", "-").lower()
    # The tag without a country comes first, so that the exact one can override it.
    general = [each for each in known if each.lower() == base_language(tag) != wanted]
    return [*general, *(each for each in known if each.replace("_", "-").lower() == wanted)]


def closest_tag(tag: str, tags: Iterable[str]) -> str | None:
    """Return the known tag that equals ``tag``, else the first known tag of the same language, else ``None``.

    :param tag: the tag of a language, such as ``es-MX``, ``es`` or ``es_mx``.
    :param tags: the known tags.
    """
    known = list(tags)
    wanted = tag.replace("_", "-").lower()
    equal = (each for each in known if each.replace("_", "-").lower() == wanted)
    same_language = (each for each in known if base_language(each) == base_language(tag))
    return next(equal, None) or next(same_language, None)


def language_error(name: str, tag: str | None, tags: Iterable[str]) -> FlowError | None:
    """Return an error if a language is not a language of calls, or ``None`` if the language is valid.

    :param name: the name of the setting or argument that contains the language, for the message.
    :param tag: the tag of the language. ``None`` is valid.
    :param tags: the tags of the languages of calls.
    """
    if tag is None or closest_tag(tag, tags) is not None:
        return None
    return FlowError(
        f"the language of {name} must be one of {', '.join(tags)}, not {tag!r}",
        hint="add it in ivrkit.toml:  languages = [...]",
    )
