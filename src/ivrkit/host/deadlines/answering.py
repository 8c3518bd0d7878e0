"""The answering of a webhook in threads, with a time limit: one attempt after the other, until one has an answer.

1. An attempt runs in a thread of the pool. Usually it has the answer, and there is no other attempt.
2. If the code of a plugin misses its deadline, the attempt is abandoned, and the next attempt answers the webhook
   without this code. The thread of the abandoned attempt stays with its code.
3. If the session was saved before the code missed its deadline, the next attempt sends the saved answer.
4. After :data:`LAST_RESORT_AFTER` seconds, the last attempt answers without the session. It has threads of its own,
   because all threads of the pool may be busy.
5. After :data:`ANSWER_WITHIN` seconds, there is no answer.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar, cast

from ivrkit.errors import IvrkitError
from ivrkit.host.deadlines.attempt import Attempt, TurnAbandoned, clock
from ivrkit.host.deadlines.turn_pool import TurnPool

#: The time after which a webhook is answered without its session, in seconds. It is longer than ``CODE_SECONDS``.
LAST_RESORT_AFTER = 9.0
#: The time after which a webhook has no answer, in seconds. Twilio waits 15 seconds for a response.
ANSWER_WITHIN = 10.0
#: The number of threads for turns, if no setting says otherwise.
DEFAULT_THREADS = 64
#: The number of threads for last attempts. They need neither the session store nor the code of plugins.
LAST_RESORT_THREADS = 4

Answer = TypeVar("Answer")


class NoAnswerError(IvrkitError):
    """A webhook could not be answered in time."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Answer]):
    """The answer of an attempt, or the error that the attempt raised.

    :param answer: the answer, or ``None`` after an error.
    :param error: the error, or ``None`` if there is an answer.
    """

    answer: Answer | None
    error: BaseException | None = None

    def get(self) -> Answer:
        """Return the answer. An error of the attempt is raised again."""
        if self.error is not None:
            raise self.error
        return cast(Answer, self.answer)


class PendingAnswer(Generic[Answer]):
    """The answer to one webhook, on which one or more attempts work.

    :param answering: the threads.
    :param answer: a function that takes an attempt and returns its answer. Attempts may run at the same time.
    :param done: a function that is called once, in any thread, with the answer or the error.
    """

    def __init__(
        self, answering: Answering, answer: Callable[[Attempt], Answer], done: Callable[[Outcome[Answer]], None]
    ) -> None:
        self._answering = answering
        self._answer = answer
        self._done = done
        self._lock = threading.Lock()
        self._attempt: Attempt | None = Attempt(received=clock(), missed=self._retry)
        answering.pool.submit(partial(self._run, self._attempt))

    @property
    def in_debugger(self) -> bool:
        """``True`` if a debugger stopped the code. The time limits do not apply then."""
        attempt = self._attempt
        return attempt is not None and attempt.in_debugger

    def give_up(self) -> None:
        """Start the last attempt, unless there is an answer."""
        attempt = self._attempt
        if attempt is not None:
            self._replace(attempt, self._answering.last_resort, is_last_resort=True)

    def _retry(self, attempt: Attempt) -> None:
        """Start the next attempt after an attempt whose code has missed its deadline."""
        self._replace(attempt, self._answering.pool, is_last_resort=False)

    def _replace(self, attempt: Attempt, pool: TurnPool, *, is_last_resort: bool) -> None:
        """Replace an attempt by the next attempt, unless the first one is no longer the current one.

        :param attempt: the attempt.
        :param pool: the threads for the next attempt.
        :param is_last_resort: whether the next attempt must not need the session.
        """
        with self._lock:
            if self._attempt is not attempt:
                return
            attempt.abandon()
            code = attempt.running.code if attempt.running else None
            self._attempt = Attempt(
                attempt.refused | ({str(code)} if code else set()),
                slow_states=attempt.slow_states | ({code.state.name} if code and code.state else set()),
                received=attempt.received,
                saved=attempt.saved,
                is_last_resort=is_last_resort,
                missed=self._retry,
            )
            following = self._attempt
        pool.submit(partial(self._run, following))

    def _run(self, attempt: Attempt) -> None:
        """Run an attempt, and pass on its answer if it is still the current attempt."""
        if self._attempt is not attempt:
            return  # it waited in the queue for too long
        outcome: Outcome[Answer]
        try:
            outcome = Outcome(self._answer(attempt))
        except TurnAbandoned:
            return
        except BaseException as error:
            outcome = Outcome(None, error)
        with self._lock:
            if self._attempt is not attempt:
                return
            self._attempt = None
        self._done(outcome)


class Answering:
    """The threads in which webhooks are answered.

    :param threads: the largest number of threads for turns.
    """

    def __init__(self, threads: int = DEFAULT_THREADS) -> None:
        self.pool = TurnPool(threads)
        self.last_resort = TurnPool(LAST_RESORT_THREADS, "ivrkit-last-resort")

    def start(
        self, answer: Callable[[Attempt], Answer], done: Callable[[Outcome[Answer]], None]
    ) -> PendingAnswer[Answer]:
        """Start to answer a webhook.

        :param answer: a function that takes an attempt and returns its answer. Attempts may run at the same time.
        :param done: a function that is called once, in any thread, with the answer or the error.
        :returns: the pending answer. The caller of this method must watch the time limits.
        """
        return PendingAnswer(self, answer, done)

    def wait(self, answer: Callable[[Attempt], Answer]) -> Answer:
        """Answer a webhook, and return the answer.

        :param answer: a function that takes an attempt and returns its answer. Attempts may run at the same time.
        :raises NoAnswerError: if there is no answer in time. An error of ``answer`` is raised again.
        """
        outcomes: queue.SimpleQueue[Outcome[Answer]] = queue.SimpleQueue()
        pending = self.start(answer, outcomes.put)
        outcome = _get(outcomes, pending, LAST_RESORT_AFTER)
        if outcome is None:
            pending.give_up()
            outcome = _get(outcomes, pending, ANSWER_WITHIN - LAST_RESORT_AFTER)
        if outcome is None:
            raise NoAnswerError(f"the request was not answered within {ANSWER_WITHIN:g} seconds")
        return outcome.get()


def _get(
    outcomes: queue.SimpleQueue[Outcome[Answer]], pending: PendingAnswer[Answer], seconds: float
) -> Outcome[Answer] | None:
    """Return the outcome from a queue, or ``None`` if there is no outcome in time.

    :param seconds: how long to wait. The time does not count if the code was stopped in a debugger.
    """
    while True:
        try:
            return outcomes.get(timeout=seconds)
        except queue.Empty:
            if not pending.in_debugger:
                return None
