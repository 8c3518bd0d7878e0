"""Phone trees of the tests, as plugin objects: no installed package is needed for them."""

from twilio.twiml.voice_response import Dial, Record

from ivrkit import HOME, Goto, MenuOption, Routes, State, hookimpl

#: A small phone tree. The core adds its greeting and its menu.
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
    """A plugin object that registers states."""

    def __init__(self, states):
        self.states = states

    @hookimpl
    def ivrkit_register_states(self):
        """Register the states."""
        return self.states


class RecordingPlugin(TreePlugin):
    """A plugin object that records the events of the observing hooks in ``events``, and their calls in ``calls``."""

    def __init__(self, states):
        super().__init__(states)
        self.events, self.calls = [], []

    def _record(self, call, *event):
        self.events.append(event)
        self.calls.append(call)

    @hookimpl
    def ivrkit_call_started(self, call):
        """Record that a call started."""
        self._record(call, "started")

    @hookimpl
    def ivrkit_state_entered(self, call, state):
        """Record the state that was entered."""
        self._record(call, "entered", state.name)

    @hookimpl
    def ivrkit_state_left(self, call, state, outcome):
        """Record the state that was left, with its outcome."""
        self._record(call, "left", state.name, outcome)

    @hookimpl
    def ivrkit_call_ended(self, call, reason):
        """Record the reason for which a call ended."""
        self._record(call, "ended", reason)


def sessions_of(app):
    """Return the session manager of an app."""
    return app.extensions["ivrkit"].sessions
