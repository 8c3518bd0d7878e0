"""Secret questions whose checks put the caller's input into errors, results and data, and secret settings."""

from dataclasses import dataclass, field

from ivrkit import FlowError, Goto, Routes, State, ask, hookimpl, leads_to, states


class PanicException(BaseException):
    """The error that a panic of an extension in Rust is in Python."""


@dataclass(frozen=True)
class _Key:
    value: str = field(default="", repr=False)


@dataclass(frozen=True)
class VaultSettings:
    """The settings of the plugin.

    :param key: a secret.
    :param service: a URL with a password.
    :param nested: a table with a secret.
    """

    key: str = field(default="", repr=False)
    service: str = ""
    nested: _Key = field(default_factory=_Key)


def _chain(call):
    try:
        int(f"x{call.digits}{call.speech}")
    except ValueError as error:
        raise LookupError(f"no account for {call.digits}{call.speech}") from error


def _note(call):
    error = ValueError("bad")
    error.add_note(f"the caller entered {call.digits}{call.speech}")
    raise error


def _raise(error_type):
    def check(call):
        raise error_type(f"called `Result::unwrap()` on an `Err` value: {call.digits + call.speech!r}")

    return check


def _group(call):
    raise BaseExceptionGroup(f"group {call.digits}", [PanicException(call.digits + call.speech)])


def _attribute(call):
    return getattr(call, f"no_{call.digits}{call.speech}")


def _recurse(call, depth=0):
    return _recurse(call, depth + 1) + call.digits


def _store(call):
    call.data["pin"] = {call.digits + call.speech}


CHECKS = {
    "raises": _raise(ValueError),
    "panics": _raise(PanicException),
    "exits": _raise(SystemExit),
    "flow-error": _raise(FlowError),
    "interrupts": _raise(KeyboardInterrupt),
    "chains": _chain,
    "notes": _note,
    "groups": _group,
    "attribute": _attribute,
    "recursion": _recurse,
    "returns": lambda call: call.digits + call.speech,
    "goto": lambda call: Goto(f"state-{call.digits}{call.speech}"),
    "says": lambda call: Goto("menu", say={call.digits + call.speech}),
    "stores": _store,
}


def _secret_state(check):
    return State(
        ask("Your PIN?", input="dtmf speech", num_digits=8), leads_to("menu")(check), secret=True, on_error="menu"
    )


@hookimpl
def ivrkit_register_states(settings: VaultSettings):
    """Return a secret state for each check, and a question of the core with a check that panics."""
    question = states.question("Your PIN?", digits=8, check=_raise(PanicException), secret=True, then="menu")
    made = {name: _secret_state(check) for name, check in CHECKS.items()} | {"question": question}
    start = State(
        ask("Which?", num_digits=2), Routes({f"{n:02}": name for n, name in enumerate(made)}), on_error="menu"
    )
    return {**made, "choose": start}
