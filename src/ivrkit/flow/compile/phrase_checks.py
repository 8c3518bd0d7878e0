"""The checks at start that the phrases of menu options can be hints for speech recognition, in every language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ivrkit.errors import Problem
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.menus import MenuEntry, phrases_of
from ivrkit.flow.compile.text_limits import MAX_HINT, MAX_HINTS


def find_phrase_problems(
    entries: Mapping[str, Sequence[MenuEntry]], languages: Mapping[str, Language]
) -> Iterator[Problem]:
    """Yield the problems of phrases that Twilio would not use as hints.

    :param entries: name of a menu -> its entries.
    :param languages: tag -> language, for all languages of calls.
    """
    for menu, menu_entries in entries.items():
        for tag, language in languages.items():
            yield from _long_phrases(menu_entries, tag, language)
            count = sum(len(entry.option.phrases) for entry in menu_entries)
            if count > MAX_HINTS:
                yield Problem(
                    f"in {tag}, the options of the menu {menu!r} must have at most {MAX_HINTS} phrases together, not "
                    f"{count}",
                    "leave out the phrases that callers say least, or move options to a submenu",
                    state=menu,
                )


def _long_phrases(entries: Sequence[MenuEntry], tag: str, language: Language) -> Iterator[Problem]:
    for entry in entries:
        state = entry.state
        for phrase in phrases_of(entry, language):
            if len(phrase) > MAX_HINT:
                yield Problem(
                    f"state {state.name!r} of {state.owner}: in {tag}, a phrase of its option {entry.option.key!r} "
                    f"must have at most {MAX_HINT} characters, not {len(phrase)}: {phrase[:40] + '...'!r}",
                    "write a single word or a short phrase",
                    owner=state.owner.plugin,
                    state=state.name,
                )
