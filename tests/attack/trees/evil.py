"""A plugin that misbehaves in each of its handlers and hooks, in the way that the called number names."""

import threading

from tests.attack import lethal_fates
from tests.attack.cells import HOOKS, cell_of
from tests.plugins.fates import Fate

from ivrkit import Goto, Routes, State, ask, hookimpl, leads_to
from ivrkit.states import voicemail

_PRESS = ask("Press five.", num_digits=1)
_current = threading.local()


def _run(call, place, *, has_call=True):
    """Misbehave if the call is about a place."""
    wanted, name = cell_of(call.to)
    if wanted != place:
        return None
    if name in lethal_fates.FATES:
        return lethal_fates.FATES[name]()
    fate = Fate()
    fate.name = name
    return fate.run(call if has_call else None)


@leads_to("fine", "menu")
def _exit(call):
    return _run(call, "exit")


@leads_to("fine", "menu")
def _automatic_exit(call):
    return _run(call, "automatic exit")


@leads_to("menu")
def _prompts(call):
    return Goto("menu", say=_run(call, "prompts of an exit"))


def _fail(call):
    """Raise an ordinary error. The hook that cleans up has no argument, so it finds the call here."""
    _current.call = call
    raise LookupError("first")


#: Place -> its state. The hooks that are not here misbehave in a call to a harmless state.
_STATES = {
    "enter": State(lambda call: _run(call, "enter"), "menu", on_error="menu"),
    "exit": State(_PRESS, _exit, on_error="menu"),
    "automatic exit": State("On.", _automatic_exit, on_error="menu"),
    "prompts of an exit": State("On.", _prompts, on_error="menu"),
    "state_failed": State(_fail, "menu", on_error="menu"),
    "clean_up": State(_fail, "menu", on_error="menu"),
    "edit_response": State(_PRESS, Routes({"5": "menu"}, otherwise="menu")),
    "recorded": voicemail("Speak.", then="menu", no_message="menu"),
}


@hookimpl
def ivrkit_register_states():
    """Return the state of each place."""
    states = {place: _STATES.get(place, State("On.", "menu")) for place in [*_STATES, *HOOKS]}
    return {f"bad-{place}".replace(" ", "-"): state for place, state in states.items()}


@hookimpl
def ivrkit_choose_start(call):
    """Misbehave."""
    return _run(call, "choose_start")


@hookimpl
def ivrkit_edit_response(call, state, response):
    """Misbehave."""
    return _run(call, "edit_response")


@hookimpl
def ivrkit_state_failed(call, state, error):
    """Misbehave."""
    return _run(call, "state_failed")


@hookimpl
def ivrkit_clean_up():
    """Misbehave once for a failed call."""
    call, _current.call = getattr(_current, "call", None), None
    if call is not None:
        _run(call, "clean_up", has_call=False)


@hookimpl
def ivrkit_call_started(call):
    """Misbehave."""
    _run(call, "call_started")


@hookimpl
def ivrkit_state_entered(call, state):
    """Misbehave."""
    _run(call, "state_entered")


@hookimpl
def ivrkit_state_left(call, state, outcome):
    """Misbehave."""
    _run(call, "state_left")


@hookimpl
def ivrkit_recorded(call, state, url, sid, duration):
    """Misbehave."""
    _run(call, "recorded")


@hookimpl
def ivrkit_call_ended(call, reason):
    """Misbehave."""
    _run(call, "call_ended")
