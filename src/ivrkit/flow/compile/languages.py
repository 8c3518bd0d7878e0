"""The languages that calls are held in: what each says for the words that states and the core are written in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields

from ivrkit.flow.model.state import CORE_PLUGIN, State
from ivrkit.flow.model.text import KEY_NAMES, Text, Texts

#: The words as they are written -> the words that are said.
Translations = Mapping[str, str]
#: The language that texts are written in, if a package has no translations that say otherwise.
SOURCE_LANGUAGE = "en"
#: The core's own sentences as they are written, by their names.
CORE_TEXTS: Mapping[str, str] = {each.name: getattr(Texts, each.name) for each in fields(Texts) if each.name != "keys"}


@dataclass(frozen=True)
class Language:
    """One language that calls are held in.

    :param tag: as Twilio takes it (BCP 47): ``es-MX``.
    :param voice: of every ``Say`` without voice and language; ``None`` for the account's.
    :param texts: the core's sentences in it.
    :param translations: plugin -> its catalogue in this language.
    :param text_overrides: state -> texts that replace its own; they win over translations, and also replace texts
        that are not a ``Text``.
    """

    tag: str
    voice: str | None = None
    texts: Texts = field(default_factory=Texts)
    translations: Mapping[str, Translations] = field(default_factory=dict)
    text_overrides: Mapping[str, Translations] = field(default_factory=dict)

    def translate(self, text: str, state: State) -> str:
        """Return what is said for a text of a state.

        :param text: as it is written; a ``Text`` is looked up, and its places are filled in.
        :param state: whose text it is.
        """
        written = str(text)
        found = self._own_words(written, state) if self.text_overrides else None
        if not isinstance(text, Text):
            return text if found is None else found
        if found is None:
            found = self.translations.get(state.owner.plugin, _NOTHING).get(written)
        if found is None:
            found = self._core_words(written)
        if not text.values:
            return found
        return found.format(**{name: self._filled_in(value, state) for name, value in text.values.items()})

    def has_translation(self, text: Text, state: State) -> bool:
        """Return whether there are words for a text of a state in this very language; places alone need none."""
        # The core's translations serve all plugins, because they may use its ready-made states.
        translations = (self.translations.get(plugin, _NOTHING) for plugin in (state.owner.plugin, CORE_PLUGIN))
        tables = (*translations, _CORE_NAMES, _KEYS)
        found = self._own_words(str(text), state) is not None or any(str(text) in table for table in tables)
        return found or not _PLACES.sub("", text).strip()

    def _own_words(self, written: str, state: State) -> str | None:
        """Return what the team lets a state say instead; what it says of a whole is for its parts, and theirs."""
        tables = (self.text_overrides.get(name, _NOTHING) for name in (state.name, *_wholes(state.parent)))
        return next((table[written] for table in tables if written in table), None)

    def _core_words(self, written: str) -> str:
        """Return the words of a sentence of the core, or of a key, which any plugin may use; others as they are."""
        if written in _CORE_NAMES:
            return str(getattr(self.texts, _CORE_NAMES[written]))
        if written in _KEYS:
            return self.texts.keys[_KEYS[written]]
        return self.translations.get(CORE_PLUGIN, _NOTHING).get(written, written)

    def _filled_in(self, value: object, state: State) -> object:
        return self.translate(value, state) if isinstance(value, Text) else value


_NOTHING: Translations = {}
_PLACES = re.compile(r"\{\w+\}")
_CORE_NAMES: Mapping[str, str] = {words: name for name, words in CORE_TEXTS.items()}
_KEYS: Mapping[str, str] = {word: key for key, word in KEY_NAMES.items()}


def _wholes(parent: str) -> Iterator[str]:
    """Return what a part belongs to, and what that belongs to; no part has a dot in its own name."""
    while parent:
        yield parent
        parent = parent.rpartition(".")[0]


def base_language(tag: str) -> str:
    """Return the language of a tag without its country: ``es`` of ``es-MX``."""
    return tag.replace("_", "-").partition("-")[0].lower()


def applicable_tags(tag: str, tables: Iterable[str]) -> list[str]:
    """Return which tables of languages are for a language: that of the language, and over it that of the country.

    :param tag: such as ``es-MX``.
    :param tables: the languages that there are tables for; that of another country is for nobody else.
    """
    known = list(tables)
    wanted = tag.replace("_", "-").lower()
    general = [each for each in known if each.lower() == base_language(tag) != wanted]
    return [*general, *(each for each in known if each.replace("_", "-").lower() == wanted)]


def closest_tag(tag: str, tags: Iterable[str]) -> str | None:
    """Return the tag among others that a caller of this language would want: the same, else the same language.

    :param tag: such as ``es-MX``, ``es`` or ``es_mx``.
    :param tags: those that there are.
    """
    known = list(tags)
    wanted = tag.replace("_", "-").lower()
    same = (each for each in known if each.replace("_", "-").lower() == wanted)
    alike = (each for each in known if base_language(each) == base_language(tag))
    return next(same, None) or next(alike, None)
