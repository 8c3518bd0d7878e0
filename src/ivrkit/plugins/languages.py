"""The languages of the phone tree, made from the settings and the translations of the plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from ivrkit.flow.model.speech import SPOKEN_KEYS
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.model.text import KEY_NAMES, SENTENCES, Text, Texts, check_placeholders, placeholders_in
from ivrkit.plugins.translations import PluginTranslations
from ivrkit.settings import Settings
from ivrkit.settings.names import dotted, use_one_of
from ivrkit.settings.state_settings import TEXTS

#: State -> language -> texts that replace texts of the state. The language ``""`` stands for all languages.
TextOverrides = Mapping[str, Mapping[str, Translations]]

#: The placeholder that every replacement for a text may have.
_COMPANY = "company"
#: The texts of the core that are fields of :class:`Texts`.
_IN_TEXTS = {*CORE_TEXTS.values(), *KEY_NAMES.values(), *SPOKEN_KEYS.values()}
#: The tables inside of the table of texts, with their English words.
_WORD_TABLES: Mapping[str, Mapping[str, str]] = {"keys": KEY_NAMES, "spoken_keys": SPOKEN_KEYS}


def make_languages(
    settings: Settings, translations: PluginTranslations, text_overrides: TextOverrides
) -> list[Language]:
    """Return the languages of the phone tree. The language of the setting ``language`` comes first.

    :param settings: the settings of the core, with languages, voices and texts.
    :param translations: the translations of the plugins.
    :param text_overrides: state -> language -> text of the state -> text to say instead.
    """
    languages = []
    # The setting `languages` may repeat the main language.
    for tag in dict.fromkeys((settings.language, *settings.languages)):
        by_plugin = translations.in_language(tag)
        core = {**_core_texts_in(by_plugin), **by_plugin.pop(CORE_PLUGIN, {})}
        # The fields of Texts are left out, because _texts() reads them together with the settings that override them.
        by_plugin[CORE_PLUGIN] = {text: said for text, said in core.items() if text not in _IN_TEXTS}
        company = str(settings.spoken_company)
        if isinstance(settings.spoken_company, Text):
            company = core.get(company, company)
        overrides = {name: _in_language(texts, tag, company) for name, texts in text_overrides.items()}
        languages.append(
            Language(
                tag=tag,
                voice=_voice(settings, tag),
                texts=_texts(settings, tag, core),
                company=company,
                translations=by_plugin,
                text_overrides={name: texts for name, texts in overrides.items() if texts},
            )
        )
    return languages


def merge_text_overrides(
    file_texts: Mapping[str, Translations], settings_texts: Mapping[str, Translations]
) -> Mapping[str, Translations]:
    """Merge the replacements for texts of one state that a flow file has with the replacements that the settings have.

    If the settings replace a text in any language, all replacements of this text in the flow file are ignored.

    :param file_texts: language -> text -> replacement, from the flow file that defines the state.
    :param settings_texts: language -> text -> replacement, from the table ``[states.NAME.texts]`` of the settings.
    :returns: language -> text -> replacement.
    """
    # Otherwise an override for one language in the file would replace an override for all languages in the settings.
    in_settings = {text for texts in settings_texts.values() for text in texts}
    kept = {
        tag: {text: said for text, said in texts.items() if text not in in_settings}
        for tag, texts in file_texts.items()
    }
    tags = dict.fromkeys((*file_texts, *settings_texts))
    return {tag: {**kept.get(tag, {}), **settings_texts.get(tag, {})} for tag in tags}


def in_spoken_languages(texts: Mapping[str, Translations], settings: Settings) -> Mapping[str, Translations]:
    """Return the part of ``texts`` that is for languages of the phone tree.

    :param texts: language -> text of a state -> text to say instead. The language ``""`` stands for all languages.
    :param settings: the settings of the core, with the languages of the phone tree.
    """
    return {tag: said for tag, said in texts.items() if not tag or _is_spoken(tag, settings)}


def _is_spoken(tag: str, settings: Settings) -> bool:
    """Return whether texts for a language tag are said in a language of the phone tree: ``es`` in ``es-MX``."""
    return any(applicable_tags(spoken, (tag,)) for spoken in (settings.language, *settings.languages))


def check_languages(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each table of texts or voices whose language is not a language of the phone tree.

    :param settings: the settings of the core, with the tables ``[texts.LANGUAGE]``, ``[voices]`` and
        ``[states.NAME.texts.LANGUAGE]``.
    """
    tables: list[tuple[str, ...]] = [("texts", tag) for tag in settings.texts_in]
    tables += [("voices", tag) for tag in settings.voices]
    tables += [("states", name, TEXTS, tag) for name, table in settings.states.items() for tag in table.texts if tag]
    spoken = (settings.language, *settings.languages)
    for keys in tables:
        if not _is_spoken(keys[-1], settings):
            yield Problem(
                f"[{dotted(keys)}] is for a language that the phone tree does not have{nearest(keys[-1], spoken)}",
                f"add it in ivrkit.toml:  languages = [...]; or {use_one_of(spoken)}",
                location=settings.location(*keys),
            )


def check_state_texts(
    name: str, texts: Mapping[str, Translations], location: Callable[..., str], owner: str = ""
) -> Iterator[Problem]:
    """Yield a problem for each text to say instead that has an unknown placeholder.

    The known placeholders are ``{company}`` and those of the original text.

    :param name: the name of the state.
    :param texts: language -> text of the state -> text to say instead. The language ``""`` stands for all languages.
    :param location: a function that takes the path to a key and returns its file and line.
    :param owner: the plugin of the problems if a plugin file has the texts, or ``""`` if the settings have the texts.
    """
    for tag, text, said in [(tag, *row) for tag, rows in texts.items() for row in rows.items()]:
        try:
            placeholders = sorted({*placeholders_in(text), _COMPANY})
            check_placeholders(f"the replacement for {text!r}", said, placeholders)
        except FlowError as error:
            where = location("states", name, TEXTS, *([tag] if tag else []), text)
            yield Problem(f"[states.{name}.texts] {error.message}", error.hint, location=where, owner=owner)
        except ValueError:  # The braces of the text are not placeholders, so nothing is filled in.
            continue


def untranslated_core_texts(languages: Sequence[Language]) -> Iterator[Problem]:
    """Yield a startup warning for each language other than English that lacks translations of the core's texts."""
    for language in languages:
        missing = [text for name, text in CORE_TEXTS.items() if getattr(language.texts, name) == text]
        if missing and base_language(language.tag) != SOURCE_LANGUAGE:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            yield Problem(
                f"the core has no translation into {language.tag} of {missing[0]!r}{more}",
                f"write [texts.{language.tag}] in ivrkit.toml",
                level="warning",
                owner=CORE_PLUGIN,
            )


def _voice(settings: Settings, tag: str) -> str | None:
    """Return the voice of a language, or ``None`` for the voice of the Twilio account.

    The table ``[voices]`` has priority. The setting ``voice`` is only for the language of the setting ``language``.
    """
    tags = applicable_tags(tag, settings.voices)
    if tags:
        return settings.voices[tags[-1]]
    return settings.voice if base_language(tag) == base_language(settings.language) else None


def _texts(settings: Settings, tag: str, translations: Translations) -> Texts:
    """Return the core's texts in a language.

    A text from the settings has priority over a translation. A text with neither is in English.

    :param settings: the settings of the core.
    :param tag: the tag of the language.
    :param translations: English text of the core -> translation into the language.
    """
    values: dict[str, Any] = {name: translations.get(text, text) for name, text in CORE_TEXTS.items()}
    for name, words in _WORD_TABLES.items():
        values[name] = {key: translations.get(word, word) for key, word in words.items()}
    # Later tables replace earlier ones: translations, `texts`, `texts.es`, then `texts.es-MX`.
    tables: list[Mapping[str, Any]] = [_changed(settings.texts)] if tag == settings.language else []
    tables += [settings.texts_in[each] for each in applicable_tags(tag, settings.texts_in)]
    for table in tables:
        # A table may name only a few keys. The other keys keep their words.
        values |= {**table, **{name: {**values[name], **table.get(name, {})} for name in _WORD_TABLES}}
    return Texts(**values)


def _changed(texts: Texts) -> dict[str, Any]:
    """Return the texts, and the names of phone keys, that the settings have changed from the defaults of the core."""
    # Texts that are not set have English defaults, which must not replace the translations.
    plain = Texts()
    changed: dict[str, Any] = {
        name: getattr(texts, name) for name in SENTENCES if getattr(texts, name) != getattr(plain, name)
    }
    for name, words in _WORD_TABLES.items():
        changed[name] = {key: said for key, said in getattr(texts, name).items() if said != words.get(key)}
    return changed


def _core_texts_in(by_plugin: Mapping[str, Translations]) -> Translations:
    """Return the translations of the core's texts in all packages, so that a package can bring a language."""
    # The package that is loaded first has priority.
    tables = reversed(list(by_plugin.values()))
    return {text: said for table in tables for text, said in table.items() if text in _IN_TEXTS}


def _in_language(texts: Mapping[str, Translations], tag: str, company: str) -> Translations:
    """Return text of a state -> text to say instead, for calls in one language.

    A replacement for the language has priority over a replacement for all languages.

    :param texts: language -> text -> replacement. The language ``""`` stands for all languages.
    :param tag: the tag of the language.
    :param company: the name of the company, which replaces ``{company}`` in a replacement.
    """
    tags = applicable_tags(tag, (each for each in texts if each))
    tables = [texts.get("", {}), *(texts[each] for each in tags)]
    merged = {text: said for table in tables for text, said in table.items()}
    # A text that has the placeholder itself also has a value for it.
    placeholder = f"{{{_COMPANY}}}"
    return {text: said if placeholder in text else said.replace(placeholder, company) for text, said in merged.items()}
