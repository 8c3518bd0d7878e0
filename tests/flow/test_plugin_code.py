"""The seam between the engine and the code of plugins."""

import threading

import pytest

from ivrkit import HOME, Routes, State, ask, leads_to
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode, run_plugin_code, runner_of_turn


def test_the_runner_of_a_turn_runs_each_function_of_a_state(call):
    """Each enter and exit function runs through the runner of the turn, which gets the function, owner and state."""

    @leads_to("m")
    def back(call):
        return "m"

    caller = call({"m": State(ask("M?"), Routes({"1": "x"})), "x": State(lambda call: "X.", back)})
    codes = []

    def runner(code, run):
        codes.append(code)
        return run()

    with runner_of_turn(runner):
        caller.press("1")
    assert caller.heard == ["X.", "M?"]
    assert [(each.function, each.state.name, str(each.owner)) for each in codes] == [
        ("enter", "x", "test-states 1.0"),
        ("exit", "x", "test-states 1.0"),
    ]
    assert [str(each) for each in codes] == ["state 'x' of test-states 1.0"] * 2


def test_refused_code_is_a_failure_of_its_state(call):
    """If the runner refuses the code of a state, the caller hears the apology and goes to on_error."""
    entered = []
    states = {
        "m": State(ask("M?"), Routes({"1": "x"})),
        "x": State(entered.append, HOME, on_error="f"),
        "f": State(ask("F?"), Routes({"1": "m"})),
    }
    caller = call(states)

    def refuse(code, run):
        raise CodeRefused("too many calls")

    with runner_of_turn(refuse):
        caller.press("1")
    assert caller.heard == ["We are sorry, something went wrong.", "F?"]
    assert entered == []


def test_the_runner_is_set_for_one_turn_in_one_thread():
    """Code outside of a turn, and code in another thread, runs without the runner of the turn."""
    code = PluginCode("ivrkit_call_ended", None, None)
    results = []

    def run():
        results.append(run_plugin_code(code, lambda: "ran"))

    with runner_of_turn(lambda code, run: "runner"):
        run()
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    run()
    assert results == ["runner", "ran", "ran"]


def test_an_error_ends_the_turn_of_the_runner():
    """The runner of a turn is removed even if the turn raises an error."""
    with pytest.raises(RuntimeError), runner_of_turn(lambda code, run: "runner"):
        raise RuntimeError
    assert run_plugin_code(PluginCode("enter", None, None), lambda: "ran") == "ran"
