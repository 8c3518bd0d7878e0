"""What a new plugin is made of: the answers, and what is said in each language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ivrkit.cli.scaffold import answers
from ivrkit.flow.compile.languages import base_language
from ivrkit.flow.model.text import Texts

#: What the state says, where nobody says otherwise.
_SAYS = "You have reached {label}."
#: How it is heard again; its words go with the keys of the template.
AGAIN = "To hear this again, press one. For the menu, press any other key, or just wait."
#: Language -> both of these in it.
_TRANSLATED: Mapping[str, tuple[str, str]] = {
    "es": (
        "Se ha comunicado con {label}.",
        "Para escuchar esto otra vez, marque uno. Para ir al menú, marque cualquier otra tecla o espere.",
    ),
}


class Spoken(NamedTuple):
    """What the state says in a language besides English.

    :param tag: the language, such as ``es-MX``.
    :param label: what the state is called in the menu.
    :param says: what it says.
    :param again: how it is heard again.
    """

    tag: str
    label: str
    says: str
    again: str

    @property
    def name(self) -> str:
        """Return what the language is called in English; its tag where nobody knows."""
        from babel import Locale, UnknownLocaleError

        try:
            return str(Locale.parse(self.folder).english_name)
        except (UnknownLocaleError, ValueError):
            return self.tag

    @property
    def folder(self) -> str:
        """Return the folder of the language's catalogue, as gettext names it."""
        return self.tag.replace("-", "_")


def proposed_says(label: str) -> str:
    """Return what the state says, where nobody says otherwise."""
    return _SAYS.format(label=label)


def proposed_in(tag: str, label: str, its_label: str, says: str) -> str:
    """Return what the state says in a language, where nobody says otherwise: in English, if nobody translated it.

    :param tag: the language.
    :param label: the label in English.
    :param its_label: the label in the language.
    :param says: what the state says in English.
    """
    known = _TRANSLATED.get(base_language(tag))
    return known[0].format(label=its_label) if known and says == proposed_says(label) else says


def again_in(tag: str) -> str:
    """Return how the state is heard again in a language: in English, where the template does not speak it."""
    known = _TRANSLATED.get(base_language(tag))
    return known[1] if known else AGAIN


@dataclass(frozen=True)
class NewPlugin:
    """The answers.

    :param name: the distribution.
    :param state: its state.
    :param key: the key of the state in the menu.
    :param label: what the menu calls it.
    :param says: what a caller hears there.
    :param author: whose it is.
    :param spoken: what it says in each language besides English.
    """

    name: str
    state: str
    key: str
    label: str
    says: str
    author: str
    spoken: tuple[Spoken, ...]

    @property
    def package(self) -> str:
        """Return the name of its package."""
        return answers.package_of(self.name)

    def values(self) -> dict[str, Any]:
        """Return what the templates may ask for."""
        module = answers.module_of(self.state)
        return {
            "package": self.package,
            "state": self.state,
            "module": module,
            "settings_class": "".join(part.capitalize() for part in module.split("_")) + "Settings",
            "key": self.key,
            "key_words": Texts().key(self.key),
            "label": self.label,
            "says": self.says,
            "again": AGAIN,
            "author": self.author,
            "languages": self.spoken,
        }

    def catalogues(self) -> Iterator[dict[str, Any]]:
        """Return what the template of a catalogue may ask for besides, for each language."""
        for each in self.spoken:
            yield {"language": each, "pairs": {self.label: each.label, self.says: each.says, AGAIN: each.again}}

    def left_in_english(self) -> list[str]:
        """Return the languages in which a sentence is not translated yet."""
        return [each.tag for each in self.spoken if self.says == each.says or each.again == AGAIN]
