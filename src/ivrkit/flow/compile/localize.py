"""The translation and rendering of a state's prompts at start, so that webhooks are answered fast."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace

from ivrkit.errors import FlowError
from ivrkit.flow.compile.call_flow import RULE_GOTOS
from ivrkit.flow.compile.compiled_state import CompiledState, LocalizedState, render_prompts
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.flow.compile.languages import Language, closest_tag
from ivrkit.flow.compile.menus import phrase_keys
from ivrkit.flow.compile.twiml import RenderContext
from ivrkit.flow.compile.whisper import whisper_prompts, whisper_url
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.routes import LeadsTo, Routes
from ivrkit.flow.model.speech import Phrases, Vocabulary, normalize_phrase, with_plain_spellings
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text

#: How many translated texts of a state are kept per language. A function may return any number of texts.
TRANSLATION_CACHE_SIZE = 64


def localize_state(
    compiled: CompiledState, call_language: Language, languages: Mapping[str, Language], config: FlowConfig
) -> LocalizedState:
    """Return the prompts and phrases of a state for calls in one language.

    :param compiled: the state.
    :param call_language: the language of the calls. If the state sets its own ``language``, the prompts are in the
        language of the state instead.
    :param languages: tag -> language, for all languages of calls.
    :param config: the settings of the call flow.
    :raises FlowError: if the prompts of the state are invalid or do not fit its exit.
    """
    state = compiled.state
    language = call_language
    if state.language is not None:
        language = languages[closest_tag(state.language, languages) or call_language.tag]
    _check_phrases(compiled, language)
    context = _render_context(compiled, language, call_language, config)
    localized = LocalizedState(
        language=language,
        context=context,
        vocabulary=_vocabulary(compiled, language),
        content=None,
        goto_prompts={
            goto: render_prompts(goto.say, context) for goto in (*compiled.gotos_with_prompts(), *RULE_GOTOS)
        },
        whisper=render_prompts(whisper_prompts(state.whisper, language), context).xml if state.whisper else None,
    )
    if callable(state.enter):
        return localized
    return replace(localized, content=compiled.render_enter(state.enter, localized))


def _render_context(
    compiled: CompiledState, language: Language, call_language: Language, config: FlowConfig
) -> RenderContext:
    """Return the default attributes of a state's verbs. An attribute that the state's author sets has priority."""
    state, overrides = compiled.state, config.connection_overrides
    # The configured voice speaks one language only. A state in another language does not use it.
    voice = language.voice if state.language in (None, language.tag) else None
    return RenderContext(
        voice=state.voice or voice,
        language=state.language or language.tag,
        num_digits=max((len(outcome) for outcome in compiled.routes if is_key_sequence(outcome)), default=None),
        has_routes=compiled.is_menu or isinstance(state.exit, Routes | LeadsTo),
        translate=_translator(state, language),
        # The callee hears the whisper in the language of the call, so the address has that one.
        whisper_url=whisper_url(state.name, call_language.tag, overrides) if state.whisper else None,
        connection_overrides=overrides,
        dial_time_limit=config.dial_time_limit,
    )


def _vocabulary(compiled: CompiledState, language: Language) -> Vocabulary:
    """Return the words that a caller can say in a state. The words for keys count only if the state has routes."""
    keys = frozenset(filter(is_key_sequence, compiled.routes))
    phrases = with_plain_spellings(phrase_keys(compiled.menu_entries, language))
    return Vocabulary(Phrases(phrases), keys, language.number_words)


def _check_phrases(compiled: CompiledState, language: Language) -> None:
    """Raise an error if the phrases of two menu options have the same translation.

    A caller could choose only one of the two options by speech.

    :raises FlowError: if two phrases have the same translation. The error names the phrase, the language and both keys.
    """
    keys: dict[str, tuple[str, str]] = {}
    for entry in compiled.menu_entries:
        key = entry.option.key
        for written in entry.option.phrases:
            phrase = normalize_phrase(language.translate(written, entry.state))
            other, also = keys.setdefault(phrase, (key, normalize_phrase(written)))
            if other != key and also != normalize_phrase(written):
                raise FlowError(
                    f"in {language.tag}, the phrase {phrase!r} belongs to the keys {other!r} and {key!r}",
                    hint="translate one of the two phrases differently",
                )


def _translator(state: State, language: Language) -> Callable[[str], str]:
    """Return a function that translates a text of a state. The function caches the latest translations."""
    look_up = functools.lru_cache(TRANSLATION_CACHE_SIZE)(functools.partial(language.translate, state=state))
    has_overrides = state.name in language.text_overrides or state.parent in language.text_overrides

    def translate(text: str) -> str:
        if isinstance(text, Text):
            # The values of placeholders vary from call to call, and would fill the cache.
            return language.translate(text, state) if text.values else look_up(text)
        return language.translate(text, state) if has_overrides else text

    return translate
