"""The rule that texts are translated: each text in a state has a translation in each language of the plugin."""

from __future__ import annotations

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError
from ivrkit.flow.compile.languages import SOURCE_LANGUAGE
from ivrkit.flow.compile.startup_warnings import texts_in_state
from ivrkit.flow.model.text import Text


def texts_are_translated(plugin: CheckedPlugin, language: str) -> None:
    """Check that each text of a state is a ``Text`` with a translation. Texts that functions return are not checked.

    :param language: one of the languages that the plugin has translations for.
    """
    with plugin.phone(languages=[language], language=SOURCE_LANGUAGE) as phone:
        states = phone.host.loaded.flow.states
        own = {name: each for name, each in states.items() if name in plugin.states()}
    for name, compiled in own.items():
        for text in texts_in_state(compiled):
            if not isinstance(text, Text) and any(map(str.isalpha, text)):
                raise ConformanceError(
                    f"{plugin.name}: the state {name!r} must say a Text, not {text!r}",
                    hint=f"write Text({text!r}), and translate it",
                )
            localized = compiled.localized[language]
            if isinstance(text, Text) and not localized.language.has_translation(text, compiled.state):
                raise ConformanceError(
                    f"{plugin.name}: the state {name!r} must have a translation in {language} for {str(text)!r}",
                    hint=f"translate it in locale/{language.replace('-', '_')}/LC_MESSAGES",
                )
