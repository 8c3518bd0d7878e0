"""Texts in every language that the package has a catalogue for."""

from __future__ import annotations

from ivrkit.conformance.subject import Nonconformity, Subject
from ivrkit.flow.compile.languages import SOURCE_LANGUAGE
from ivrkit.flow.compile.startup_warnings import texts_in_state
from ivrkit.flow.model.text import Text


def texts_are_translated(subject: Subject, language: str) -> None:
    """Every text is a ``Text``, and the catalogue has words for it; what functions say is heard and not seen.

    :param language: one of those that it has a catalogue for.
    """
    with subject.phone(languages=[language], language=SOURCE_LANGUAGE) as phone:
        states = phone.host.loaded.flow.states
        mine = {name: each for name, each in states.items() if name in subject.states()}
    for name, compiled in mine.items():
        for text in texts_in_state(compiled):
            if not isinstance(text, Text) and any(map(str.isalpha, text)):
                raise Nonconformity(
                    f"{subject.name}: the state {name!r} says {text!r} in every language",
                    hint=f"make it a Text({text!r}), and translate it",
                )
            localized = compiled.localized[language]
            if isinstance(text, Text) and not localized.language.has_translation(text, compiled.state):
                raise Nonconformity(
                    f"{subject.name}: the state {name!r} has no words in {language} for {str(text)!r}",
                    hint=f"translate it in locale/{language.replace('-', '_')}/LC_MESSAGES",
                )
