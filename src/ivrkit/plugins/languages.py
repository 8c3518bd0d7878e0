"""The languages that calls are held in, made of the settings and of the catalogues of the plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from ivrkit.errors import FlowError, Problem, nearest
from ivrkit.flow.compile.languages import (
    CORE_TEXTS,
    SOURCE_LANGUAGE,
    Language,
    Translations,
    applicable_tags,
    base_language,
)
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.model.text import KEY_NAMES, Texts, check_placeholders, placeholders_in
from ivrkit.plugins.translations import TranslationFiles
from ivrkit.settings import Settings

_IN_TEXTS = {*CORE_TEXTS.values(), *KEY_NAMES.values()}


#: What states say instead: state -> language, ``""`` for all -> words.
TextOverrides = Mapping[str, Mapping[str, Translations]]


def languages_of(settings: Settings, catalogues: TranslationFiles, own: TextOverrides) -> Iterator[Language]:
    """Return the languages that calls are held in, the flow's own first.

    :param settings: with their names, voices and texts.
    :param catalogues: those of the plugins.
    :param own: what the team lets states say instead.
    """
    for tag in dict.fromkeys((settings.language, *settings.languages)):
        words = catalogues.in_language(tag)
        core = words.pop(CORE_PLUGIN, {})  # it is in the texts, under what the team has in their place
        words[CORE_PLUGIN] = {written: said for written, said in core.items() if written not in _IN_TEXTS}
        yield Language(
            tag=tag,
            voice=_voice(settings, tag),
            texts=_texts(settings, tag, core),
            translations=words,
            text_overrides={name: said for name, texts in own.items() if (said := _of_language(texts, tag))},
        )


def over(written: Mapping[str, Translations], decided: Mapping[str, Translations]) -> Mapping[str, Translations]:
    """Return what a state says instead: as its file has it, and over that what the team decided.

    A sentence that the team decides about is the team's in every language.
    """
    taken = {sentence for words in decided.values() for sentence in words}
    kept = {
        tag: {sentence: said for sentence, said in words.items() if sentence not in taken}
        for tag, words in written.items()
    }
    return {tag: {**kept.get(tag, {}), **decided.get(tag, {})} for tag in dict.fromkeys((*written, *decided))}


def problems_of(settings: Settings, own: TextOverrides) -> Iterator[Problem]:
    """Tell of tables for languages that calls are not held in."""
    spoken = (settings.language, *settings.languages)
    tables = {f"texts.{tag}": tag for tag in settings.texts_in} | {f"voices.{tag}": tag for tag in settings.voices}
    for name, texts in own.items():
        tables |= {f"states.{name}.texts.{tag}": tag for tag in texts if tag}
    for table, tag in tables.items():
        if not any(applicable_tags(each, (tag,)) for each in spoken):
            yield Problem(
                f"[{table}] is for a language that calls are not held in{nearest(tag, spoken)}",
                f"they are held in {', '.join(spoken)}; add to them in ivrkit.toml:  languages = [...]",
            )


def faults_of_texts(own: TextOverrides) -> Iterator[Problem]:
    """Tell of words with a place in braces that the words in whose place they are said do not have."""
    for name, texts in own.items():
        for written, said in [row for words in texts.values() for row in words.items()]:
            try:
                places = placeholders_in(written)
                if places:
                    check_placeholders(f"what is said for {written!r}", said, sorted(places))
            except FlowError as error:
                yield Problem(f"[states.{name}.texts] {error.message}", error.hint)
            except ValueError:  # of braces that are no places: then nothing is filled in
                continue


def startup_warnings_of(languages: tuple[Language, ...]) -> Iterator[Problem]:
    """Tell in which languages the core's own sentences would be heard as they are written."""
    for language in languages:
        missing = [words for name, words in CORE_TEXTS.items() if getattr(language.texts, name) == words]
        if missing and base_language(language.tag) != SOURCE_LANGUAGE:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            message = f"the core has no words in {language.tag} for {missing[0]!r}{more}"
            yield Problem(message, f"write [texts.{language.tag}] in ivrkit.toml", level="warning", owner=CORE_PLUGIN)


def _voice(settings: Settings, tag: str) -> str | None:
    named = applicable_tags(tag, settings.voices)
    if named:
        return settings.voices[named[-1]]
    return settings.voice if base_language(tag) == base_language(settings.language) else None


def _texts(settings: Settings, tag: str, words: Translations) -> Texts:
    """Return the core's sentences in a language: the team's own, else the catalogue's, else as they are written."""
    table: dict[str, Any] = {name: words.get(sentence, sentence) for name, sentence in CORE_TEXTS.items()}
    table["keys"] = {key: words.get(word, word) for key, word in KEY_NAMES.items()}
    own: list[Mapping[str, Any]] = [_changed(settings.texts)] if tag == settings.language else []
    own += [settings.texts_in[each] for each in applicable_tags(tag, settings.texts_in)]
    for changed in own:
        table |= {**changed, "keys": {**table["keys"], **changed.get("keys", {})}}
    return Texts(**table)


def _changed(texts: Texts) -> dict[str, Any]:
    """Return the sentences, and the words of keys, that are not as the core has them."""
    plain = Texts()
    names = [each.name for each in fields(Texts) if each.name != "keys"]
    changed: dict[str, Any] = {
        name: getattr(texts, name) for name in names if getattr(texts, name) != getattr(plain, name)
    }
    return {**changed, "keys": {key: word for key, word in texts.keys.items() if word != plain.keys[key]}}


def _of_language(texts: Mapping[str, Translations], tag: str) -> Translations:
    """Return the words of a state in a language: those for all languages, then its own over them."""
    tables = [texts.get("", {}), *(texts[each] for each in applicable_tags(tag, (each for each in texts if each)))]
    return {written: said for table in tables for written, said in table.items()}
