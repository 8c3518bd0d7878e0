"""The startup warnings: problems of a phone tree that do not prevent the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twilio.twiml import TwiML

from ivrkit.errors import Problem, nearest, toml_key
from ivrkit.flow.compile.call_flow import RULE_GOTOS
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.compile.languages import SOURCE_LANGUAGE, base_language
from ivrkit.flow.compile.menus import KEY_ORDER, change_key_hint, has_keys
from ivrkit.flow.compile.verb_attributes import unknown_attributes
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import SAME, LeadsTo, destination_of
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text

#: How long a ``Gather`` waits for another key, in seconds (https://www.twilio.com/docs/voice/twiml/gather#timeout).
GATHER_TIMEOUT = "5"


def find_startup_warnings(states: Mapping[str, CompiledState]) -> Iterator[Problem]:
    """Yield the startup warnings of a phone tree, in the order of the states.

    :param states: name -> compiled state.
    """
    for each in states.values():
        if each.is_menu and not has_keys(each.routes):
            message = f"the menu {each.name!r} has no options: no installed plugin offers any"
            yield Problem(message, level="warning", owner=each.state.owner.plugin, state=each.name)
        if each.is_menu:
            yield from _slow_keys(each)
        yield from _unknown_attributes(each)
        yield from _slow_input(each)
        yield from _missing_translations(each)
        yield from _unused_overrides(each, states)


def texts_in_state(compiled: CompiledState) -> Iterator[str]:
    """Yield every text that a state may say, including the texts inside verbs and the values of placeholders."""
    yield from _texts_in(_all_prompts(compiled))


def _slow_keys(menu: CompiledState) -> Iterator[Problem]:
    """Yield a warning for each key of a menu that is longer than most of its keys.

    Twilio waits for the digits of the longest key. So after a shorter key, callers wait until the ``Gather`` times out.
    If most keys are long, the author has decided for long keys, and there is no warning. The key that repeats the menu
    does not count.
    """
    keys = [key for key, target in menu.routes.items() if is_key_sequence(key) and destination_of(target) is not SAME]
    shortest = min(map(len, keys), default=0)
    long_keys = [key for key in keys if len(key) > shortest]
    if len(long_keys) * 2 > len(keys):
        return
    seconds = menu.content.verb_attributes.get("timeout", GATHER_TIMEOUT) if menu.content else GATHER_TIMEOUT
    entries = {entry.option.key: entry.state for entry in menu.menu_entries}
    # The keys 1 to 8: 9 usually repeats the menu, and 0 is usually the operator.
    free = [key for key in KEY_ORDER[:8] if not any(each.startswith(key) for each in menu.routes)]
    for key in long_keys:
        state = entries.get(key)
        owner = f"{state.name} ({state.owner})" if state else f"a row of {menu.name} ({menu.state.owner})"
        message = (
            f"in the menu {menu.name!r}, the key {key!r} of {owner} is longer than the other keys: callers who press a "
            f"shorter key wait {seconds} seconds"
        )
        hint = f"change the row in the code of {menu.name!r}"
        if state is not None:
            hint = change_key_hint(state, free.pop(0) if free else "...", "a shorter")
        plugin = (state or menu.state).owner.plugin
        yield Problem(message, hint, level="warning", owner=plugin, state=(state or menu.state).name)


def _unknown_attributes(compiled: CompiledState) -> Iterator[Problem]:
    """Yield a warning for each attribute of a verb that the installed ``twilio`` library does not know.

    It is no error, because Twilio may know an attribute that is newer than the library.
    """
    # Each attribute once per verb, although several verbs of the state may have it.
    found = dict.fromkeys(
        (verb.name, *each) for verb in _verbs_in(_all_prompts(compiled)) for each in unknown_attributes(verb)
    )
    for verb, attribute, near in found:
        did_you_mean = f", did you mean {near!r}?" if near else ""
        message = f"has a {verb} with an attribute that the installed twilio does not know: {attribute!r}{did_you_mean}"
        yield _warning(compiled.state, message, "rename or remove it: Twilio ignores attributes that it does not know")


def _slow_input(compiled: CompiledState) -> Iterator[Problem]:
    """Yield a warning if a function exit runs only after the ``Gather`` has timed out, even for a caller of one key.

    A table has keys, so ivrkit sets the number of digits. For a function exit, only its author knows the number.
    """
    content = compiled.content
    if not isinstance(compiled.state.exit, LeadsTo) or content is None or content.waiting_verb != "Gather":
        return
    gather = content.verb_attributes
    # An author who writes the finish key knows that callers have to press it.
    if "numDigits" in gather or gather.get("finishOnKey") or "dtmf" not in gather.get("input", "dtmf"):
        return
    seconds = gather.get("timeout", GATHER_TIMEOUT)
    message = f"waits {seconds} seconds after the last key, because its Gather has no num_digits"
    yield _warning(compiled.state, message, 'write num_digits=1, or finish_on_key="#" if callers press # at the end')


def _missing_translations(compiled: CompiledState) -> Iterator[Problem]:
    """Yield a warning for each language of calls into which a text of the state has no translation."""
    state = compiled.state
    # Each text once, in the order of the state.
    texts = list(dict.fromkeys(text for text in texts_in_state(compiled) if isinstance(text, Text)))
    for tag, localized in compiled.localized.items():
        missing = [text for text in texts if not localized.language.has_translation(text, state)]
        if missing and base_language(tag) != SOURCE_LANGUAGE:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            yield _warning(state, f"has no translation into {tag} of {str(missing[0])!r}{more}")


def _unused_overrides(compiled: CompiledState, states: Mapping[str, CompiledState]) -> Iterator[Problem]:
    """Yield a warning for each text in ``[states.NAME.texts]`` that neither the state nor a substate says.

    Such a text in the settings replaces nothing.
    """
    state = compiled.state
    languages = [localized.language for localized in compiled.localized.values()]
    replaced = {text for language in languages for text in language.text_overrides.get(state.name, ())}
    if not replaced:
        # Few states have such texts. The search for substates below visits every state of the phone tree.
        return
    members = [compiled, *(each for each in states.values() if f"{each.state.parent}.".startswith(f"{state.name}."))]
    if any(callable(each.state.enter) or isinstance(each.state.exit, LeadsTo) for each in members):
        # A function may say any text.
        return
    prompts = [goto.say for goto in RULE_GOTOS] + [prompt for each in members for prompt in _all_prompts(each)]
    said = dict.fromkeys(str(text) for text in _texts_in(prompts))
    for text in sorted(replaced - said.keys()):
        hint = f"correct or remove it in ivrkit.toml:  [states.{toml_key(state.name)}.texts]"
        yield _warning(state, f"does not say {text!r}{nearest(text, said)}", hint)


def _warning(state: State, message: str, hint: str = "") -> Problem:
    message = f"state {state.name!r} of {state.owner} {message}"
    return Problem(message, hint, level="warning", owner=state.owner.plugin, state=state.name)


def _all_prompts(compiled: CompiledState) -> list[Any]:
    """Return all prompts of a state, and the label, sentence and phrases of each of its menu options."""
    state = compiled.state
    prompts: list[Any] = [state.enter, *(goto.say for goto in compiled.gotos_with_prompts())]
    prompts += state.whisper.texts if state.whisper else ()
    options = state.menu_options
    return prompts + [text for option in options for text in (option.label, option.sentence, *option.phrases)]


def _texts_in(content: Any) -> Iterator[Any]:
    """Yield every text in prompts, including the texts inside verbs and the values of placeholders."""
    if isinstance(content, str):
        yield content
        if isinstance(content, Text):
            yield from _texts_in(list(content.values.values()))
    elif isinstance(content, list | tuple):
        for each in content:
            yield from _texts_in(each)
    elif isinstance(content, Menu):
        yield from _texts_in(content.texts)
    elif isinstance(content, TwiML):
        yield from _texts_in([*_spoken_texts(content)] if content.name == "Say" else content.verbs)


def _verbs_in(content: Any) -> Iterator[TwiML]:
    """Yield every verb in prompts, and the nouns and elements inside these verbs."""
    if isinstance(content, list | tuple):
        for each in content:
            yield from _verbs_in(each)
    elif isinstance(content, Menu):
        yield from _verbs_in(content.texts)
    elif isinstance(content, TwiML):
        yield content
        yield from _verbs_in(content.verbs)


def _spoken_texts(verb: TwiML) -> Iterator[Any]:
    """Yield the texts of a ``Say`` verb, and the texts of the SSML elements inside this verb."""
    yield verb.value
    for child in verb.verbs:
        yield from [child] if isinstance(child, str) else _spoken_texts(child)
