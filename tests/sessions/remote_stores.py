"""The rules that every session store behind a network keeps, as tests for Redis and PostgreSQL.

A test module has a subclass of :class:`RemoteStoreTests`, and these fixtures: ``server``, a running server; ``url_at``,
a function that returns the URL of an empty database on a port; ``store``, a store in that database.
"""

import json
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.processes import free_port
from tests.sessions.servers import PASSWORD, QUOTED_PASSWORD

from ivrkit import SessionError, StoreUnavailable
from ivrkit.conformance.stores import stored_session
from ivrkit.session_store import SharedStore

#: How long a store may take, in seconds: two, and one more because the machine is busy with other tests.
ALLOWED = 3.0

#: Imports a store without its library. The names are the library, and the store's module and class.
WITHOUT_LIBRARY = """
import sys
sys.modules[{library!r}] = None
from {module} import {name} as Store
try:
    Store({url!r})
except Exception as error:
    print(type(error).__name__, error)
"""

#: Uses one store in a process and in its fork at the same time.
FORKING = """
import os, sys, warnings

from ivrkit.conformance.stores import stored_session
from {module} import {name} as Store

warnings.simplefilter("ignore", DeprecationWarning)  # about a fork in a process with threads; this one has none
store = Store(sys.argv[1])
store.save(stored_session(), 0)
child = os.fork()
if child == 0:
    saved = all(store.save(stored_session(turn=turn), turn - 1) for turn in range(2, 50))
    store.close()
    os._exit(0 if saved else 1)
own = [store.save(stored_session("CA2", turn), turn - 1) for turn in range(1, 50)]
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, all(own), store.load("CA1").turn, store.load("CA2").turn)
store.close()
"""


def error_of(error_class: type[SessionError], act: Callable[[], object]) -> str:
    """Return the message of the error that a function raises.

    The error must be exactly of that class and come in time, and its traceback must not show the password.
    """
    began = time.monotonic()
    with pytest.raises(SessionError) as caught:
        act()
    assert time.monotonic() - began < ALLOWED
    assert type(caught.value) is error_class
    shown = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in shown
    assert QUOTED_PASSWORD not in shown
    return str(caught.value)


class RemoteStoreTests:
    """The rules. A subclass has the texts of its store."""

    store_class: type[SharedStore]
    #: The library that the store needs, and the extra of ivrkit that installs it.
    library: str
    extra: str
    #: How many turns it takes until a load and a save are one round trip each.
    first_turns = 1
    #: A part of the message of a store that does not answer in time, and the hint of errors that may go away.
    timeout_message: str
    temporary_hint: str
    #: The whole message of a refused connection, as a regular expression; ``{port}`` is the port.
    refused: str

    def names(self) -> dict[str, str]:
        """Return the module and the name of the store's class."""
        return {"module": self.store_class.__module__, "name": self.store_class.__name__}

    def test_a_load_and_a_save_are_one_round_trip_each(self, server, url_at, make_proxy, open_url):
        """A caller waits for one round trip at each load and each save, from the first turns of a call to the last."""
        proxy = make_proxy(server.port)
        store = open_url(self.store_class, url_at(proxy.port))
        for turn in range(self.first_turns):
            store.load("CA1")
            store.save(stored_session(turn=turn + 1), turn)
        proxy.round_trips = 0
        for turn in range(self.first_turns, self.first_turns + 10):
            assert store.load("CA1").turn == turn
            assert store.save(stored_session(turn=turn + 1), turn)
        assert proxy.round_trips == 20

    def test_a_missing_library_is_an_error_with_the_install_command(self):
        """Without the library, the module can be imported, and opening a store names the package to install."""
        url = f"{self.extra}://ivr:sesame@localhost/calls"
        code = WITHOUT_LIBRARY.format(library=self.library, url=url, **self.names())
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == (
            f"SessionError the session store {self.extra}://...@localhost/calls needs {self.library}, "
            "which is not installed\n"
            f"  hint: pip install 'ivrkit[{self.extra}]'\n"
        )

    def test_a_store_connects_at_its_first_use(self, url_at, open_url):
        """A host can start while the server is down; a refused connection is an error at once, at the first use."""
        port = free_port()
        store = open_url(self.store_class, url_at(port))
        start = f"the session store {self.extra}://...@{url_at(port).rpartition('@')[2]}: "
        message = error_of(StoreUnavailable, lambda: store.load("CA1"))
        assert message.startswith(start)
        assert message.endswith(self.temporary_hint)
        refused = message.removeprefix(start).removesuffix(self.temporary_hint)
        assert re.fullmatch(self.refused.format(port=port), refused, re.DOTALL)
        assert error_of(StoreUnavailable, lambda: store.save(stored_session(), 0)) == message

    @pytest.mark.once
    @pytest.mark.parametrize("connected", [True, False], ids=["connected", "not-connected"])
    def test_a_server_that_does_not_answer_is_a_temporary_error(self, server, store, connected):
        """A server that hangs is an error after two seconds, and the store works again when the server does."""
        if connected:
            store.load("CA1")
        with server.stopped():
            assert self.timeout_message in error_of(StoreUnavailable, lambda: store.load("CA1"))
            assert self.timeout_message in error_of(StoreUnavailable, lambda: store.save(stored_session(), 0))
        assert store.save(stored_session(turn=2), 1) is True
        assert store.load("CA1").turn == 2

    @pytest.mark.once
    def test_the_time_limit_is_for_all_round_trips_together(self, server, url_at, make_proxy, open_url):
        """A slow server is an error after two seconds, although each of its replies comes sooner than that."""
        proxy = make_proxy(server.port)
        proxy.delay = 0.7
        store = open_url(self.store_class, url_at(proxy.port))
        assert self.timeout_message in error_of(StoreUnavailable, lambda: store.load("CA1"))
        proxy.delay = 0.0
        assert store.load("CA1") is None

    @pytest.mark.once
    def test_the_time_limit_is_for_all_pieces_of_a_reply(self, server, url_at, make_proxy, open_url):
        """A reply that comes in small pieces is an error after two seconds, although each piece comes soon."""
        proxy = make_proxy(server.port)
        store = open_url(self.store_class, url_at(proxy.port))
        session = stored_session(body=json.dumps("x" * 400))
        store.save(session, 0)
        proxy.piece_size, proxy.delay = 20, 0.25  # five seconds in all
        assert self.timeout_message in error_of(StoreUnavailable, lambda: store.load("CA1"))
        proxy.piece_size, proxy.delay = 65536, 0.0
        assert store.load("CA1") == session

    def test_a_restart_of_the_server_is_not_an_error(self, server, store):
        """After a restart of the server all open connections are dead; no load or save fails because of them."""
        session = stored_session()
        store.save(session, 0)
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(store.load, ["CA1"] * 40)) == {session}
            server.kill()
            error_of(StoreUnavailable, lambda: store.load("CA1"))
            server.start()
            assert set(pool.map(store.load, ["CA1"] * 40)) == {session}
        assert store.save(stored_session(turn=2), 1) is True

    def test_a_save_whose_reply_is_lost_succeeds(self, server, url_at, make_proxy, open_url):
        """If the connection breaks after a save and before its reply, the save is repeated and returns True."""
        proxy = make_proxy(server.port)
        store = open_url(self.store_class, url_at(proxy.port))
        store.save(stored_session(), 0)
        proxy.cut_at_reply = True
        second = stored_session(turn=2)
        assert store.save(second, 1) is True
        assert store.load("CA1") == second
        assert proxy.cut_at_reply is False

    @pytest.mark.once
    def test_a_forked_process_opens_its_own_connection(self, server, url_at):
        """A process and its fork use and close their own connections, because each would read the other's replies."""
        command = [sys.executable, "-c", FORKING.format(**self.names()), url_at(server.port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr, done.returncode) == ("0 True 49 49\n", "", 0)
