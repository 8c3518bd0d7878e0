"""The rule that settings have descriptions, and that the values of secret settings are hidden in all output."""

from __future__ import annotations

import re

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError
from ivrkit.settings.names import normal_name

_SECRET = re.compile(r"(^|_)(token|password|secret|pin|pepper|api_key|credentials?)s?$")


def settings_are_described(plugin: CheckedPlugin) -> None:
    """Check that each setting has a line ``:param name:``, and that secrets such as ``api_key`` have ``repr=False``."""
    for each in plugin.installed().settings:
        if normal_name(each.owner.plugin) != plugin.name:
            continue
        for setting in each.settings:
            if not setting.setting.description:
                raise ConformanceError(
                    f"{plugin.name}: the setting {setting.name!r} must be described",
                    hint=f"add a line ':param {setting.name}: ...' to the docstring of {each.settings_class.__name__}",
                )
            if _SECRET.search(setting.name) and not setting.setting.is_secret:
                raise ConformanceError(
                    f"{plugin.name}: the setting {setting.name!r} has the name of a secret and must be hidden",
                    hint=f"write {setting.name}: ... = field(..., repr=False)",
                )
