"""Phone trees of the tests' own, as plugin objects: no installed package is needed for them."""

from twilio.twiml.voice_response import Dial, Record

from ivrkit import HOME, Goto, MenuOption, Routes, State, hookimpl

#: A small tree of the tests' own, beside the core's greeting and menu.
SHOP = {
    "news": State("All is well.", HOME, options=MenuOption("1", "news")),
    "message": State(
        ["Speak after the tone.", Record()],
        Routes({"recorded": Goto(None, say="Thank you.")}),
        options=MenuOption("2", "a message"),
    ),
    "operator": State(
        Dial("+15550100"), Routes({"busy": Goto(HOME, say="They are busy.")}), options=MenuOption("0", "the operator")
    ),
}


class TreePlugin:
    """A plugin with states, given to ``create_app`` as an object."""

    def __init__(self, states):
        self.states = states

    @hookimpl
    def ivrkit_register_states(self):
        """Offer the states."""
        return self.states


class RecordingPlugin(TreePlugin):
    """A plugin with states that also keeps all that it is told: ``told`` without the calls, ``calls`` with them."""

    def __init__(self, states):
        super().__init__(states)
        self.events, self.calls = [], []

    def _keep(self, call, *what):
        self.events.append(what)
        self.calls.append(call)

    @hookimpl
    def ivrkit_call_started(self, call):
        """Keep that a call started."""
        self._keep(call, "started")

    @hookimpl
    def ivrkit_state_entered(self, call, state):
        """Keep which state was entered."""
        self._keep(call, "entered", state.name)

    @hookimpl
    def ivrkit_state_left(self, call, state, outcome):
        """Keep which state was left, and how."""
        self._keep(call, "left", state.name, outcome)

    @hookimpl
    def ivrkit_call_ended(self, call, reason):
        """Keep why a call ended."""
        self._keep(call, "ended", reason)


def sessions_of(app):
    """Return the session store of an app."""
    return app.extensions["ivrkit"].sessions
