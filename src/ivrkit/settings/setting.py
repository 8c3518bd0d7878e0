"""The descriptions of settings: the name, type, default and description of each field of a dataclass."""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from ivrkit.settings.describe import example_of, in_words
from ivrkit.settings.docstrings import descriptions_of

_IS_SETTING = "ivrkit_setting"


def not_a_setting(**options: Any) -> Any:
    """Return a dataclass field that is not a setting, so that it cannot be set in a file or in the environment.

    :param options: the arguments for ``dataclasses.field``.
    """
    return field(metadata={_IS_SETTING: False}, **options)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: a field of a dataclass of settings.

    :param name: the name of the setting.
    :param annotation: the type of the setting, with its metadata.
    :param field: the field of the dataclass.
    :param description: the description of the setting, from the docstring of the dataclass.
    """

    name: str
    annotation: Any
    field: Field[Any]
    description: str

    @property
    def words(self) -> str:
        """The description of the setting's type, in a form that can follow "must be" in a message."""
        return in_words(self.annotation)

    @property
    def is_required(self) -> bool:
        """Whether the setting has no default."""
        return self.field.default is MISSING and self.field.default_factory is MISSING

    @property
    def is_secret(self) -> bool:
        """Whether the value must never be shown. Secret settings are fields with ``repr=False``."""
        return not self.field.repr

    @property
    def default(self) -> Any:
        """The default, or ``None`` if the setting has no default."""
        if self.field.default_factory is not MISSING:
            return self.field.default_factory()
        return None if self.field.default is MISSING else self.field.default

    @property
    def example(self) -> Any:
        """A valid value of the setting, to show in hints.

        It is the default of the setting. If the default is missing, secret, empty or a dataclass, it is an example of
        the setting's type.
        """
        default = None if self.is_secret else self.default
        is_shown = isinstance(default, bool | int | float) or (
            isinstance(default, str | list | tuple | Mapping) and len(default) > 0
        )
        return default if is_shown else example_of(self.annotation)


@functools.cache
def settings_of(settings_class: type) -> Mapping[str, Setting]:
    """Return name -> setting, for each field of a dataclass that is a setting.

    :raises Exception: if the annotation of a field cannot be evaluated. The error is often a ``NameError``.
    """
    hints = typing.get_type_hints(settings_class, include_extras=True)
    descriptions = descriptions_of(settings_class)
    return {
        each.name: Setting(each.name, hints[each.name], each, descriptions.get(each.name, ""))
        for each in fields(settings_class)
        if each.init and each.metadata.get(_IS_SETTING, True)
    }
