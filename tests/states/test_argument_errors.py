"""Wrong arguments of state kinds in code: the error names the state kind and its parameters."""

import pytest

from ivrkit import FlowError, Routes, states
from ivrkit.states.ready.kinds import ivrkit_register_kinds

TRANSFER = (
    "the parameters of transfer are: numbers, texts, in_order, timeout, time_limit, caller_id, whisper, accept, "
    "routes, otherwise, options, on_error, voice, language"
)


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: states.transfer("+15550100", timout=3),
            "transfer has no parameter 'timout', did you mean 'timeout'?",
            TRANSFER,
        ),
        (
            lambda: states.goodbye("Bye.", transcribe=True),
            "goodbye has no parameter 'transcribe'",
            "the parameters of goodbye are: texts, options, on_error, voice, language",
        ),
        (states.transfer, "transfer: missing a required argument: 'numbers'", TRANSFER),
        (
            lambda: states.transfer(lambda call: "+15550100"),
            "transfer: numbers must not be a function",
            "for a value that depends on the call, write a State whose enter is a function",
        ),
        (
            lambda: states.transfer("+15550100", timeout="3"),
            "transfer: timeout must be a whole number, not '3'",
            "write timeout=1",
        ),
        (lambda: states.transfer("+15550100", whisper=5), "transfer: 'int' object is not iterable", TRANSFER),
        (
            lambda: states.transfer("+15550100", routes=5),
            "the rows of Routes must be a dict of outcomes and targets, not 5",
            'write Routes({"1": "sales"})',
        ),
        (
            lambda: Routes(["1"]),
            "the rows of Routes must be a dict of outcomes and targets, not ['1']",
            'write Routes({"1": "sales"})',
        ),
    ],
)
def test_the_error_names_the_kind_and_the_parameter(make, message, hint):
    """A wrong argument is a FlowError with the state kind, the parameter and the fix, and not a TypeError."""
    with pytest.raises(FlowError) as caught:
        make()
    assert (caught.value.message, caught.value.hint) == (message, hint)


KINDS = ivrkit_register_kinds()
#: A valid first argument of the kinds that do not take a text first.
ARGUMENTS = {"transfer": "+15550100", "hours": {"monday": "09:00-17:00"}}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_names_its_parameters(kind):
    """Every state kind names an unknown argument."""
    with pytest.raises(FlowError) as caught:
        kind(ARGUMENTS.get(kind.__name__, "sales"), unheard=1)
    assert caught.value.message == f"{kind.__name__} has no parameter 'unheard'"
