"""A phone tree with a state for each type of input: keys, speech, a secret, recordings, transfers and queues."""

from ivrkit import HOME, SAME, Goto, MenuOption, State, ask, hookimpl, leads_to, states


@leads_to("repeat", SAME, HOME)
def _remember(call):
    """Store everything that the caller sent, and read it out in the next state."""
    if not (call.digits or call.speech):
        return SAME
    call.data["digits"], call.data["speech"] = call.digits, call.speech
    call.data["params"] = dict([*call.params.items()][-3:])
    return "repeat" if len(call.path) < 8 else Goto(HOME, say=f"You said {call.speech[:500]}.")


def _check(call):
    """Accept PINs that begin with 1."""
    return call.digits.startswith("1")


echo = State(
    ask("Say or press anything.", input="dtmf speech", num_digits=None, finish_on_key="#"),
    _remember,
    options=MenuOption("4", "echo", phrases=("echo",)),
)
repeat = State(lambda call: f"{call.from_} sent {call.data}."[:500], exit="echo")
vault = states.question(
    "Your PIN?", digits=4, check=_check, secret=True, then="menu", options=MenuOption("5", "the vault")
)
mailbox = states.voicemail("Leave a message.", then="menu", options=MenuOption("6", "the mailbox"))
desk = states.transfer("+15550100", whisper="A call.", accept="1", otherwise="mailbox", options=MenuOption("7", "desk"))
waiting_room = states.queue("room", options=MenuOption("8", "the waiting room"))


@hookimpl
def ivrkit_edit_response(call, state, response):
    """Read the document, so that each webhook copies it."""
    assert response.tag == "Response"
