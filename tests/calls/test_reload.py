"""A deploy while calls go on: two menu options exchange their keys, and a state with callers in it is removed."""

import signal
import threading
import time

import pytest
from tests.calls.concurrent_callers import ConcurrentCallers
from tests.calls.conftest import StartServer
from tests.calls.menu_caller import HERE_IS_SALES, SURVEY, WE_ARE_OPEN, MenuCaller, options
from tests.calls.results import describe_failures, summary
from tests.calls.servers import MENU, SERVERS, Server
from tests.calls.size import FULL, report
from tests.processes import wait_until

pytestmark = [pytest.mark.calls, pytest.mark.server]
CALLERS = 500 if FULL else 50
#: The number of callers in the menu, and of callers in the state that is removed.
WAITING = 10
OLD, NEW = {"sales": "1", "our hours": "2", "a survey": "3"}, {"our hours": "1", "sales": "2"}


def reload(server: Server) -> None:
    """Reload the server, and wait until all workers with the old files have ended."""
    before = set(server.workers())
    server.running.process.send_signal(signal.SIGHUP)

    def is_reloaded() -> bool:
        now = set(server.workers())
        return len(now) == server.size and not now & before

    wait_until(is_reloaded, lambda: server.running.output[-2000:])


@pytest.mark.parametrize("server_name", SERVERS)
def test_a_deploy_misleads_no_caller(start_server: StartServer, server_name: str):
    """No call is dropped; a key that was pressed for the old menu, or in the removed state, reads out the new menu."""
    server = start_server(server_name)
    finish = threading.Event()
    sales_caller = MenuCaller(server.simulator())

    def choose_sales() -> None:
        while not (finish.is_set() or sales_caller.failure):
            sales_caller.press_next_key()
            time.sleep(0.1)

    with ConcurrentCallers(server.url, CALLERS, think=0.75) as callers:
        in_menu = [server.simulator().call(to=MENU) for _ in range(WAITING)]
        in_survey = [server.simulator().call(to=MENU).press("3") for _ in range(WAITING)]
        assert {SURVEY in each.heard_last for each in in_survey} == {True}
        assert [options(each.heard_last) for each in in_menu] == [OLD] * WAITING
        thread = threading.Thread(target=choose_sales)
        thread.start()
        server.deploy("departments_next.py", "departments.py")
        reload(server)
        heard = [each.press("1").heard_last for each in (*in_menu, *in_survey)]
        finish.set()
        thread.join()
    report(f"reload {server_name}: {summary(callers.results)}")
    assert describe_failures(callers.results) == ""
    assert sales_caller.failure == ""
    assert [options(each) for each in heard] == [NEW] * 2 * WAITING
    assert {WE_ARE_OPEN in each or HERE_IS_SALES in each for each in heard} == {False}
    for each in (*in_menu, *in_survey):
        assert each.press("1").heard_last == WE_ARE_OPEN
    assert [each.warnings for each in (*in_menu, *in_survey)] == [[]] * 2 * WAITING
