"""The pool of threads for turns."""

import subprocess
import sys
import threading

from ivrkit.host.deadlines.turn_pool import TurnPool


def run_all(pool, count):
    """Run a function in the pool several times at once. Return the names of the threads."""
    barrier = threading.Barrier(count + 1)
    names = []

    def run():
        names.append(threading.current_thread().name)
        barrier.wait()

    for _ in range(count):
        pool.submit(run)
    barrier.wait()
    return names


def test_threads_are_started_when_they_are_needed():
    """Work that runs at the same time runs in different threads. They are daemon threads."""
    pool = TurnPool(4, "name")
    assert sorted(run_all(pool, 3)) == ["name-1", "name-2", "name-3"]
    assert all(each.daemon for each in threading.enumerate() if each.name.startswith("name-"))


def test_a_free_thread_takes_the_next_work():
    """Work does not start a thread if a thread is free."""
    pool = TurnPool(4, "free")
    run_all(pool, 1)
    while not pool._queue._waiting:  # the thread has done its work and is about to wait
        pass
    assert run_all(pool, 1) == ["free-1"]


def test_a_thread_that_becomes_free_is_counted_once():
    """If work comes while a thread becomes free, later work does not wait for this thread."""
    pool, end, barrier = TurnPool(4), threading.Event(), threading.Barrier(4)
    pool.submit(end.wait)
    with pool._queue.changed:
        end.set()  # the thread cannot wait for work before this lock is released
        pool.submit(barrier.wait)
    pool.submit(barrier.wait)
    pool.submit(barrier.wait)
    barrier.wait(60)


def test_work_waits_if_all_threads_are_busy():
    """The pool has no more threads than its size. Further work runs when a thread becomes free."""
    pool = TurnPool(1)
    release, done = threading.Event(), threading.Semaphore(0)
    order = []

    def first():
        release.wait()
        order.append("first")
        done.release()

    def second():
        order.append("second")
        done.release()

    pool.submit(first)
    pool.submit(second)
    release.set()
    for _ in range(2):
        done.acquire()
    assert order == ["first", "second"]


FORK = """
import os, sys, threading
from ivrkit.host.deadlines.turn_pool import TurnPool

def run(pool):
    done = threading.Event()
    pool.submit(done.set)
    done.wait()

pool = TurnPool(1)
run(pool)
child = os.fork()
run(pool)
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_process_starts_threads_of_its_own():
    """After a fork, the pool works in the child process, too."""
    # Python warns of a fork in a process with threads.
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "7\n"
