"""Substates: their names, their targets, and the menus that they return to."""

from dataclasses import replace

import pytest

from ivrkit import (
    BACK,
    HOME,
    SAME,
    FlowError,
    Goto,
    LoadError,
    Menu,
    MenuOption,
    Owner,
    Routes,
    State,
    Text,
    ask,
    compile_flow,
    leads_to,
)
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.flow.compile.graph import Edge, edges
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.substates import expand_substates, substate_names

MENU = State(Menu("Welcome."))


def account(then="menu", **more):
    """Return a state that asks for a number, with a substate that asks whether it is right."""
    confirm = State(ask("Right?"), Routes({"1": then, "2": Goto(".", say="Again.")}))
    return State(ask("Number?"), Routes({"5": ".confirm"}), substates={"confirm": confirm}, **more)


def test_a_substate_is_a_state_with_a_full_name(tree):
    """A substate has its parent's name and owner, and the compiled state has no substates."""
    flow = tree(menu=MENU, account=account(options=MenuOption("1", "account")))
    assert list(flow.states) == ["menu", "account", "account.confirm"]
    substate = flow.states["account.confirm"].state
    assert (substate.owner, substate.parent) == (Owner("test-states", "1.0"), "account")
    assert flow.states["account"].state.substates == {}
    assert substate_names(replace(account(), name="account")) == ("account.confirm",)


def test_relative_names_become_full_names(tree):
    """A dot names the parent state, and a dot with a name its substate. The graph has full names."""
    flow = tree(menu=MENU, account=account())
    found = [edge for edge in edges(flow) if edge.state.startswith("account") and edge.outcome in "125"]
    assert found == [
        Edge("account", "5", "account.confirm"),
        Edge("account.confirm", "1", "menu"),
        Edge("account.confirm", "2", "account"),
    ]


def test_relative_names_work_for_every_target(call):
    """Rows, otherwise, give_up, functions, declared targets, on_error and automatic exits take relative names."""

    @leads_to(SAME, ".end", tries=2, give_up=Goto(".end", say="Enough."))
    def by_function(call):
        """Lead to the end, with words."""
        return Goto(".end", say="By function.") if call.digits else SAME

    def broken(call):
        """Fail."""
        raise RuntimeError("broken")

    parent = State(
        ask("Where?"),
        Routes({"1": ".at-once", "2": ".function", "3": ".broken"}, otherwise=".end", tries=2, give_up=".end"),
        substates={
            "at-once": State("At once.", ".end"),
            "function": State(ask("Function?"), by_function),
            "broken": State(broken, on_error=".end"),
            "end": State("The end."),
        },
    )
    assert call(parent=parent).press("1").heard == ["At once.", "The end."]
    assert call(parent=parent).press("2", "7").heard == ["By function.", "The end."]
    assert call(parent=parent).press("2").stays_silent(2).heard == ["Enough.", "The end."]
    assert call(parent=parent).press("3").heard == ["We are sorry, something went wrong.", "The end."]
    assert call(parent=parent).press("4").heard == ["The end."]
    silent = State(ask("Where?"), Routes({}, tries=2, give_up=".end"), substates={"end": State("The end.")})
    assert call(parent=silent).stays_silent(2).heard == ["The end."]


def test_a_substate_can_be_an_option_of_its_parent(call):
    """A substate can name its parent as the menu of its option."""
    sub = State(
        Menu("Bills.", repeat=None),
        options=MenuOption("1", "bills"),
        substates={"pay": State("Paid.", HOME, options=MenuOption("3", "paying", menu="."))},
    )
    caller = call(menu=MENU, sub=sub).press("1")
    assert caller.heard == ["Bills.", "For paying, press three."]
    assert caller.press("3").heard == ["Paid.", "Bills.", "For paying, press three."]


def test_home_of_a_substate_is_the_menu_of_its_parent(call):
    """HOME from a substate without options is the menu of its parent state."""
    states = {
        "menu": State(Menu("First."), options=()),
        "bills": State(Menu("Bills."), options=MenuOption("1", "bills")),
        "account": account(HOME, options=MenuOption("4", "account", menu="bills")),
    }
    caller = call(states).press("1", "4", "5", "1")
    assert caller.state == "bills"


def test_back_from_a_substate_leaves_the_parent_too(call):
    """BACK from a substate leads to the state that sent the caller to the parent, in both directions."""
    states = {
        "a": State(ask("A?"), Routes({"1": "account"})),
        "account": account(BACK),
    }
    assert call(states).press("1", "5", "1").state == "a"
    assert call(states).press("1", "5", "2", "5", "1").state == "a"


def test_back_from_the_first_state_is_home(call):
    """BACK from a substate that the call started in is HOME, as for every state."""
    assert call(account=account(BACK), start="account").press("5", "1").state == "account"


def test_back_from_a_substate_that_another_state_leads_to(call):
    """BACK from a substate leads to the state outside that sent the caller there."""
    states = {"a": State(ask("A?"), Routes({"1": "account.confirm"})), "account": account(BACK)}
    assert call(states).press("1", "1").state == "a"


def test_substates_can_have_substates(call):
    """A relative name is looked up in the innermost state that has it. A dot is the innermost parent."""
    inner = State(
        ask("Inner?"),
        Routes({"1": ".deep", "2": ".", "3": ".other", "4": BACK}),
        substates={"deep": State(ask("Deep?"), Routes({"1": ".", "2": ".other", "3": ".deep", "4": BACK}))},
    )
    parent = State(ask("Parent?"), Routes({"1": ".inner"}), substates={"inner": inner, "other": State("Other.")})
    states = {"a": State(ask("A?"), Routes({"1": "parent"})), "parent": parent}
    assert list(call(states).flow.states) == ["a", "parent", "parent.inner", "parent.inner.deep", "parent.other"]
    assert call(states).press("1", "1", "1").state == "parent.inner.deep"
    assert call(states).press("1", "1", "1", "1").state == "parent.inner"
    assert call(states).press("1", "1", "1", "2").heard == ["Other."]
    assert call(states).press("1", "1", "1", "3").state == "parent.inner.deep"
    assert call(states).press("1", "1", "3").heard == ["Other."]
    assert call(states).press("1", "1", "2").state == "parent.inner"
    assert call(states).press("1", "1", "1", "4").state == "a"
    assert call(states).press("1", "1", "4").state == "a"
    assert substate_names(replace(parent, name="parent")) == ("parent.inner", "parent.inner.deep", "parent.other")


def test_text_overrides_hold_for_substates(call):
    """The text overrides of a state hold for its substates at any depth. The nearest table wins."""
    deep = State(ask(Text("Deep?"), Text("Sure?")), Routes({"1": None}))
    inner = State(ask(Text("Inner?"), Text("Sure?")), Routes({"1": ".deep"}), substates={"deep": deep})
    parent = State(ask(Text("Parent?")), Routes({"1": ".inner"}), substates={"inner": inner})
    overrides = {
        "parent": {"Parent?": "¿Todo?", "Inner?": "¿Dentro?", "Deep?": "¿Hondo?", "Sure?": "¿Sí?"},
        "parent.inner": {"Sure?": "¿Seguro?"},
    }
    caller = call(parent=parent, language="es-MX", languages=(Language("es-MX", text_overrides=overrides),))
    assert caller.heard == ["¿Todo?"]
    assert caller.press("1").heard == ["¿Dentro?", "¿Seguro?"]
    assert caller.press("1").heard == ["¿Hondo?", "¿Seguro?"]
    assert caller.flow.startup_warnings == ()


def test_a_state_without_substates_is_not_copied():
    """A state without substates is returned as the same object."""
    state = replace(MENU, name="menu")
    assert list(expand_substates(state)) == [state]
    assert next(expand_substates(state)) is state


def test_a_relative_name_without_substates_is_unknown():
    """A relative name in a state without substates is reported as an unknown state."""
    state = State(ask("A?"), Routes({"1": ".b"}), name="a", owner=Owner("x"))
    with pytest.raises(LoadError, match=r"the row '1' leads to '\.b', which no plugin offers"):
        compile_flow([state], FlowConfig(start="a"))


def test_the_error_of_a_function_has_its_name(call):
    """The error about a wrong target of a substate's function has the function's own name."""

    @leads_to(".end")
    def wander(call):
        """Lead elsewhere."""
        return "elsewhere"

    caller = call(a=State("A.", wander, substates={"end": State("The end.")}))
    (failed,) = [each.error for each in caller.last.events if each.name == "failed"]
    assert str(failed).startswith("its exit function 'wander' must return one of ['a.end'], not 'elsewhere'")


def test_the_error_of_a_callable_object(call):
    """The error about a callable object without a name calls it a function."""

    class Wander:
        """A callable without a name."""

        def __call__(self, call):
            """Lead elsewhere."""
            return "elsewhere"

    caller = call(a=State("A.", leads_to(".end")(Wander()), substates={"end": State("The end.")}))
    (failed,) = [each.error for each in caller.last.events if each.name == "failed"]
    assert str(failed).startswith("its exit function 'function' must return one of ['a.end'], not 'elsewhere'")


@pytest.mark.parametrize(
    ("substates", "message", "hint"),
    [
        (
            {"a.b": MENU},
            "the name of a substate of a State must have only letters, digits, - and _, not 'a.b'",
            "rename the substate",
        ),
        (
            {5: MENU},
            "the name of a substate of a State must have only letters, digits, - and _, not 5",
            "rename the substate",
        ),
        ({"a": "Hello."}, "the substate 'a' of a State must be a State, not 'Hello.'", "write State(...)"),
    ],
)
def test_invalid_substates(substates, message, hint):
    """An invalid name or value of a substate raises an error where the state is made."""
    with pytest.raises(FlowError) as refused:
        State("A.", substates=substates)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_substates_are_read_only():
    """The substates of a state cannot be changed."""
    given = {"a": MENU}
    state = State("A.", substates=given)
    given.clear()
    assert list(state.substates) == ["a"]
