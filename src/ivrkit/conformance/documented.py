"""Settings that are described, and secrets that are kept."""

from __future__ import annotations

import re

from ivrkit.conformance.subject import Nonconformity, Subject
from ivrkit.settings.types import normal_name

_SECRET = re.compile(r"(^|_)(token|password|secret|pin|pepper|api_key|credentials?)s?$")


def settings_are_described(subject: Subject) -> None:
    """Each setting has a line ``:param name:`` in the docstring of its dataclass, and a secret is not shown."""
    for plugin in subject.found().settings:
        if normal_name(plugin.owner.plugin) != subject.name:
            continue
        for each in plugin.settings:
            if not each.description:
                raise Nonconformity(
                    f"{subject.name}: the setting {each.name!r} is not described",
                    hint=f"write it into the docstring of {plugin.kind.__name__}: a line ':param {each.name}: ...'",
                )
            if _SECRET.search(each.name) and not each.secret:
                raise Nonconformity(
                    f"{subject.name}: the setting {each.name!r} sounds like a secret, and is shown by ivrkit settings",
                    hint=f"{each.name}: ... = field(..., repr=False)",
                )
