"""A new release comes while people call: keys have changed places, and a state is gone in which some of them stand."""

import signal
import threading
import time

import pytest
from tests.calls.conftest import StartServer
from tests.calls.crowd import Crowd
from tests.calls.judge import is_well, summary
from tests.calls.servers import MENU, SERVERS, Server
from tests.calls.shopper import HERE_IS_SALES, SURVEY, WE_ARE_OPEN, Shopper, options
from tests.calls.size import FULL, tell
from tests.processes import wait_until

pytestmark = [pytest.mark.calls, pytest.mark.server]
CALLERS = 500 if FULL else 50
#: How many stand in the menu, and how many in the state that goes.
STANDING = 10
OLD, NEW = {"sales": "1", "our hours": "2", "a survey": "3"}, {"our hours": "1", "sales": "2"}


def reload(server: Server) -> None:
    """Let the server take its new files, and wait until nobody answers who has the old ones."""
    before = set(server.workers())
    server.running.process.send_signal(signal.SIGHUP)

    def is_new() -> bool:
        now = set(server.workers())
        return len(now) == server.size and not now & before

    wait_until(is_new, lambda: server.running.output[-2000:])


@pytest.mark.parametrize("kind", SERVERS)
def test_a_release_under_live_calls_misleads_nobody(start_server: StartServer, kind: str):
    """Nobody is dropped; a key of the old menu reads the new one out, and so does one of a state that is gone."""
    server = start_server(kind)
    over = threading.Event()
    shopper = Shopper(server.number())

    def shop() -> None:
        while not (over.is_set() or shopper.wrong):
            shopper.goes_on()
            time.sleep(0.1)

    with Crowd(server.url, CALLERS, think=0.75) as crowd:
        in_menu = [server.number().call(to=MENU) for _ in range(STANDING)]
        in_survey = [server.number().call(to=MENU).press("3") for _ in range(STANDING)]
        assert {SURVEY in each.heard_last for each in in_survey} == {True}
        assert [options(each.heard_last) for each in in_menu] == [OLD] * STANDING
        shopping = threading.Thread(target=shop)
        shopping.start()
        server.release("shop_next.py", "shop.py")
        reload(server)
        heard = [each.press("1").heard_last for each in (*in_menu, *in_survey)]
        over.set()
        shopping.join()
    tell(f"reload {kind}: {summary(crowd.outcomes)}")
    assert is_well(crowd.outcomes) == ""
    assert shopper.wrong == ""
    assert [options(each) for each in heard] == [NEW] * 2 * STANDING
    assert {WE_ARE_OPEN in each or HERE_IS_SALES in each for each in heard} == {False}
    for each in (*in_menu, *in_survey):
        assert each.press("1").heard_last == WE_ARE_OPEN
    assert [each.warnings for each in (*in_menu, *in_survey)] == [[]] * 2 * STANDING
