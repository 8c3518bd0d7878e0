"""The errors on purpose: one message, its mend below it, and all faults in one."""

import pytest

from ivrkit import Fault, FlowError, IvrkitError, LoadError, SessionError, SettingsError
from ivrkit.errors import nearest


@pytest.mark.parametrize("kind", [IvrkitError, FlowError, SessionError, SettingsError])
def test_an_error_is_printed_with_its_hint_below(kind):
    """The message alone where there is no hint."""
    error = kind("it is broken", hint="mend it")
    assert (error.message, error.hint, str(error)) == ("it is broken", "mend it", "it is broken\n  hint: mend it")
    assert error.args == ("it is broken",)
    assert (kind("it is broken").hint, str(kind("it is broken"))) == ("", "it is broken")
    assert isinstance(error, IvrkitError)


def test_a_fault_is_printed_as_an_error_is():
    """The plugin and the state are for whoever decides what to do about it."""
    fault = Fault("it is broken", "mend it", "ant", "one")
    assert str(fault) == "it is broken\n  hint: mend it"
    assert str(Fault("it is broken", "")) == "it is broken"
    assert (Fault("", "").plugin, Fault("", "").state) == ("", None)


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([], "the call flow has 0 faults and was not started:\n"),
        ([Fault("a", "b")], "the call flow has 1 fault and was not started:\na\n  hint: b"),
        (
            [Fault("a", "b"), Fault("c", "")],
            "the call flow has 2 faults and was not started:\na\n  hint: b\nc",
        ),
    ],
)
def test_a_load_error_tells_every_fault(faults, told):
    """In the order in which they were found, each with its mend."""
    error = LoadError(faults)
    assert (str(error), error.message, error.hint) == (told, told, "")
    assert error.faults == tuple(faults)
    assert isinstance(error, IvrkitError)


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("sales", ["support", "sale", "sails"], ", did you mean 'sale'?"),
        ("slaes", {"sales": 1, "support": 2}, ", did you mean 'sales'?"),
        ("zz", ["sales"], ""),
        ("sales", [], ""),
        ("x'y", ["x'yz"], """, did you mean "x'yz"?"""),
        ("menu", {"menus"}, ", did you mean 'menus'?"),
    ],
)
def test_the_nearest_name(name, known, told):
    """One, or none where nothing is near."""
    assert nearest(name, known) == told
