"""A new plugin: the user's answers to ``ivrkit new``, and the sentences of the plugin in each language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ivrkit.cli.scaffold import answers
from ivrkit.flow.compile.languages import base_language
from ivrkit.flow.model.text import Texts

#: The default sentence of the state.
_SAYS = "You have reached {label}."
#: The second sentence of the state. It names the keys that the template of the state reads.
REPEAT_SENTENCE = "To hear this again, press one. For the menu, press any other key, or just wait."
#: Language -> translations of the two sentences.
_TRANSLATED: Mapping[str, tuple[str, str]] = {
    "es": (
        "Se ha comunicado con {label}.",
        "Para escuchar esto otra vez, marque uno. Para ir al menú, marque cualquier otra tecla o espere.",
    ),
}


class Translation(NamedTuple):
    """The sentences of the new plugin's state in one language other than English.

    :param tag: the language, such as ``es-MX``.
    :param label: the label of the state in the menu.
    :param says: the sentence that the state says.
    :param repeat: the sentence that names the phone keys of the state.
    """

    tag: str
    label: str
    says: str
    repeat: str

    @property
    def name(self) -> str:
        """Return the English name of the language, or its tag if the name is unknown."""
        from babel import Locale, UnknownLocaleError

        try:
            return str(Locale.parse(self.folder).english_name)
        except (UnknownLocaleError, ValueError):
            return self.tag

    @property
    def folder(self) -> str:
        """Return the name of the folder with the PO file of the language, such as ``es_MX``."""
        return self.tag.replace("-", "_")


def default_says(label: str) -> str:
    """Return the English sentence that the state says by default. The sentence contains the label."""
    return _SAYS.format(label=label)


def default_says_in(tag: str, label: str, its_label: str, says: str) -> str:
    """Return the sentence that the state says by default in a language other than English.

    If ivrkit has no translation for the language, or if the user changed the English sentence, return the English
    sentence.

    :param tag: the language.
    :param label: the label of the state in English.
    :param its_label: the label of the state in the language.
    :param says: the sentence that the state says in English.
    """
    translated = _TRANSLATED.get(base_language(tag))
    return translated[0].format(label=its_label) if translated and says == default_says(label) else says


def repeat_sentence_in(tag: str) -> str:
    """Return the sentence that offers to repeat the state or go to the menu, translated to a language.

    If ivrkit has no translation for the language, return the English sentence.
    """
    translated = _TRANSLATED.get(base_language(tag))
    return translated[1] if translated else REPEAT_SENTENCE


@dataclass(frozen=True)
class NewPlugin:
    """A new plugin, made from the answers to the questions of ``ivrkit new``.

    :param name: the name of the distribution.
    :param state: the name of the plugin's state.
    :param key: the phone key of the state in the menu.
    :param label: the label of the state in the menu.
    :param says: the sentence that the state says.
    :param author: the author of the plugin.
    :param translations: the sentences in each language other than English.
    """

    name: str
    state: str
    key: str
    label: str
    says: str
    author: str
    translations: tuple[Translation, ...]

    @property
    def package(self) -> str:
        """Return the name of the plugin's package."""
        return answers.package_of(self.name)

    def values(self) -> dict[str, Any]:
        """Return the values of the placeholders in the templates, by name."""
        module = answers.module_of(self.state)
        return {
            "package": self.package,
            "state": self.state,
            "module": module,
            "settings_class": "".join(word.capitalize() for word in module.split("_")) + "Settings",
            "key": self.key,
            "key_words": Texts().spell_keys(self.key),
            "label": self.label,
            "says": self.says,
            "repeat": REPEAT_SENTENCE,
            "author": self.author,
            "languages": self.translations,
        }

    def po_files(self) -> Iterator[dict[str, Any]]:
        """Yield the values of the placeholders that only PO files have, in one dict for each language."""
        for each in self.translations:
            pairs = {self.label: each.label, self.says: each.says, REPEAT_SENTENCE: each.repeat}
            yield {"language": each, "pairs": pairs}

    def untranslated(self) -> list[str]:
        """Return the tags of the languages in which the sentences of the state are not all translated."""
        return [each.tag for each in self.translations if self.says == each.says or each.repeat == REPEAT_SENTENCE]
