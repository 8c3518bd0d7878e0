"""Plugins that misbehave at load: the text of a file for each place and fate."""

from tests.plugins.fates import FATES, VALID_AT_LOAD

_HEAD = """\
from dataclasses import dataclass, field

from tests.plugins.fates import Fate

from ivrkit import State, hookimpl

fate = Fate()
fate.name = {fate!r}

"""
_HOOK = "@hookimpl\ndef ivrkit_{hook}:\n    return {result}\n"
_SETTINGS = "@dataclass\nclass OwnSettings:\n    name: str = {default}\n\n{method}\n" + _HOOK.format(
    hook="declare_settings()", result="OwnSettings"
)

#: Place -> the code of the plugin. ``{{number}}`` is the number of the plugin, for names that must differ.
CODE = {
    "import": "fate.run()\n",
    "declare_settings": _HOOK.format(hook="declare_settings()", result="fate.run()"),
    "settings": _SETTINGS.format(default='""', method="    def __post_init__(self):\n        fate.run()\n"),
    "defaults of settings": _SETTINGS.format(default="field(default_factory=fate.run)", method=""),
    "register_kinds": _HOOK.format(hook="register_kinds()", result="fate.run()"),
    "kind": _HOOK.format(hook="register_kinds()", result='{{"kind-{number}": lambda text="": fate.run()}}'),
    "register_stores": _HOOK.format(hook="register_stores()", result="fate.run()"),
    "register_states": _HOOK.format(hook="register_states()", result="fate.run()"),
    "state function": _HOOK.format(hook="register_states()", result='{{"bad-{number}": lambda settings: fate.run()}}'),
    "state": _HOOK.format(hook="register_states()", result='{{"bad-{number}": fate.run()}}'),
    "edit_state": _HOOK.format(hook="edit_state(state)", result="fate.run()"),
}
#: The settings of ``ivrkit.toml`` for a plugin at a place.
TOML = {"kind": '[states.bad-{number}]\nkind = "kind-{number}"\n'}
#: The parameters of a hook that no plugin may have, in a plain function.
_PARAMETERS = ["call, nothing", "*, call", "call=None", "*calls", "call, **more", "call, more=3"]
#: Name -> the code of a plugin whose hook implementation would not run as its author expects.
SIGNATURES = {
    **{text: f"@hookimpl\ndef ivrkit_call_started({text}):\n    pass\n" for text in _PARAMETERS},
    "a generator": "@hookimpl\ndef ivrkit_call_started(call):\n    yield\n",
    "an async function": "@hookimpl\nasync def ivrkit_call_started(call):\n    pass\n",
    "an async generator": "@hookimpl\nasync def ivrkit_call_started(call):\n    yield\n",
    "a wrapper": "@hookimpl(wrapper=True)\ndef ivrkit_call_started(call):\n    return (yield)\n",
    "an old wrapper": "@hookimpl(hookwrapper=True)\ndef ivrkit_call_started(call):\n    yield\n",
    "an unknown hook": "@hookimpl\ndef ivrkit_call_begun(call):\n    pass\n",
    "another hook's name": '@hookimpl(specname="ivrkit_nothing")\ndef started(call):\n    pass\n',
    "no mark": "def ivrkit_call_started(call):\n    pass\n",
    "a class": "@hookimpl\nclass ivrkit_call_started:\n    def __init__(self, call):\n        raise ValueError\n",
}
#: A store that cannot be opened. The setting ``session_url`` must have its scheme.
OPENER = _HOOK.format(hook="register_stores()", result='{"evil": lambda url: fate.run()}')


def code_of(place: str, fate: str, number: int = 0) -> str:
    """Return the code of a plugin that misbehaves at a place."""
    return _HEAD.format(fate=fate) + CODE[place].format(number=number)


def opener_code(fate: str) -> str:
    """Return the code of a plugin whose session store cannot be opened."""
    return _HEAD.format(fate=fate) + OPENER


def signature_code(name: str) -> str:
    """Return the code of a plugin with one of ``SIGNATURES``."""
    return _HEAD.format(fate="None") + SIGNATURES[name]


def fates_of(place: str) -> list[str]:
    """Return the fates that are a mistake at a place."""
    return [fate for fate in FATES if fate not in VALID_AT_LOAD.get(place, ())]
