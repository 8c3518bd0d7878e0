"""The keys that a TOML state of any state kind may have, with their types and descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivrkit.settings.setting import Setting, settings_of
from ivrkit.settings.types import Keys, LanguageTag, NonEmptyText, OneOrMore, OptionSentence, StateName, Voice

#: The key with the state kind. A table ``[states.NAME]`` that has this key defines a state.
KIND = "kind"


@dataclass(frozen=True, kw_only=True)
class MenuOptionKeys:
    """The TOML keys that describe a menu option.

    :param key: the key on the phone that chooses the menu option.
    :param label: the label of the menu option, in "For {label}, press {key}." The default is the name of the state.
    :param sentence: the whole sentence of the menu option, instead of "For {label}, press {key}."
    :param phrases: the phrases that a caller can say instead of pressing the key.
    :param menu: the menu that has the option. The default is the main menu.
    """

    key: Keys
    label: NonEmptyText | None = None
    sentence: OptionSentence | None = None
    phrases: OneOrMore[NonEmptyText] = ()
    menu: StateName | None = None


@dataclass(frozen=True, kw_only=True)
class CommonStateKeys:
    """The TOML keys of a state, without the keys of its first menu option (:class:`MenuOptionKeys`).

    :param kind: the state kind, such as ``message``.
    :param options: more menu options, each a table with key, label, sentence, phrases and menu.
    :param voice: the voice of the state.
    :param language: the language of the state in all calls.
    :param on_error: the name of the state to go to if the code of this state fails.
    """

    kind: NonEmptyText
    options: tuple[MenuOptionKeys, ...] = ()
    voice: Voice | None = None
    language: LanguageTag | None = None
    on_error: StateName | None = None


MENU_OPTION_KEYS: Mapping[str, Setting] = settings_of(MenuOptionKeys)
_OTHER_KEYS = settings_of(CommonStateKeys)
#: The keys of every TOML state, in the order in which they are listed.
COMMON_KEYS: Mapping[str, Setting] = {KIND: _OTHER_KEYS[KIND], **MENU_OPTION_KEYS, **_OTHER_KEYS}
