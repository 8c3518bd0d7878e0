"""The watch over loading: an import or a hook that does not end is named in the log."""

import logging
import threading

import pytest

from ivrkit.flow.model.state import Owner
from ivrkit.plugins import loading_watch
from ivrkit.plugins.load import load
from ivrkit.plugins.loading_watch import LoadingWatch
from ivrkit.settings import load_settings

#: A module whose import ends when the log has a line about it.
HANGING = """\
import logging, threading


class Listener(logging.Handler):
    seen = threading.Event()

    def emit(self, record):
        if "goes on" in record.getMessage():
            self.seen.set()


listener = Listener()
logging.getLogger("ivrkit.plugins").addHandler(listener)
assert listener.seen.wait(60)
logging.getLogger("ivrkit.plugins").removeHandler(listener)
"""


def test_an_import_that_does_not_end_is_named(folder, monkeypatch, caplog):
    """A warning names the plugin, the step and the line that runs, while the import goes on."""
    monkeypatch.setattr(loading_watch, "PATIENCE", 0.0)
    monkeypatch.setattr(loading_watch, "INTERVAL", 0.01)
    folder.write("states/slow.py", HANGING + "from ivrkit import State\nslow = State('Slow.')\n")
    folder.write("ivrkit.toml", 'plugins_dir = "states"\n')
    assert "slow" in load(load_settings()).flow.states
    messages = [each.getMessage() for each in caplog.records if "slow.py: importing" in each.getMessage()]
    assert len(messages) == 1
    assert messages[0].startswith("plugin slow.py: importing its file slow.py has taken 0 seconds and goes on (")
    assert not [each for each in threading.enumerate() if each.name == "ivrkit-loading"]


@pytest.mark.parametrize(("patience", "count"), [(0.0, 1), (3600.0, 0)])
def test_a_slow_step_is_logged_once(monkeypatch, caplog, patience, count):
    """Only a step that takes longer than the limit is logged, and only once. Between two steps nothing is logged."""
    monkeypatch.setattr(loading_watch, "PATIENCE", patience)
    watch = LoadingWatch()
    watch.look()
    with watch.step(Owner("acme", "1.0"), "running its hook x"):
        watch.look()
        watch.look()
    watch.look()
    lines = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(lines) == count
    assert all(
        each.getMessage().startswith(
            f"plugin acme 1.0: running its hook x has taken {patience:g} seconds and goes on ("
        )
        for each in lines
    )


def test_a_step_inside_of_a_step(monkeypatch, caplog):
    """After an inner step, the outer step goes on."""
    monkeypatch.setattr(loading_watch, "PATIENCE", 0.0)
    watch = LoadingWatch()
    with watch.step(Owner("outer"), "importing"):
        with watch.step(Owner("inner"), "importing"):
            pass
        watch.look()
    assert [each.getMessage().split(":")[0] for each in caplog.records] == ["plugin outer"]
