"""The watch over the loading of plugins. It names the plugin whose code does not end."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import NamedTuple

from ivrkit.flow.model.state import Owner
from ivrkit.plugins.trace import trace_log

#: After how many seconds a step is logged as slow, and how often the watch looks.
PATIENCE, INTERVAL = 5.0, 0.5

log = logging.getLogger("ivrkit.plugins")


class _Step(NamedTuple):
    """One step of loading, which runs the code of one plugin."""

    owner: Owner
    action: str
    started: float


class LoadingWatch:
    """The watch over one run of loading. It is a context manager, and it logs each step that takes too long.

    An import that hangs would otherwise look like a host that starts without a word.
    """

    def __init__(self) -> None:
        self._step: _Step | None = None
        self._reported: _Step | None = None
        self._thread = threading.get_ident()
        self._ended = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Return a context manager in which a thread looks at the steps."""
        thread = threading.Thread(target=self._watch, name="ivrkit-loading", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    @contextmanager
    def step(self, owner: Owner, action: str) -> Iterator[None]:
        """Return a context manager for a step. The trace has a line for the start of each step.

        :param owner: the plugin whose code runs.
        :param action: the step in words, such as ``importing its file parking.py``.
        """
        # Before the code runs: if it ends the process, this line is the last one.
        trace_log.debug("plugin %s: %s", owner, action)
        before, self._step = self._step, _Step(owner, action, time.monotonic())
        try:
            yield
        finally:
            self._step = before

    def look(self) -> None:
        """Log a warning if the current step has taken too long, once for each step."""
        step = self._step
        if step is None or step is self._reported or time.monotonic() - step.started < PATIENCE:
            return
        self._reported = step
        frame = sys._current_frames()[self._thread]
        location = f"{PurePath(frame.f_code.co_filename).name}, line {frame.f_lineno}"
        log.warning("plugin %s: %s has taken %g seconds and goes on (%s)", step.owner, step.action, PATIENCE, location)

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            self.look()
