"""A handler that is run twice for one webhook, as when two copies of it race: both runs give the same."""

from __future__ import annotations

from ivrkit.conformance.bench import Bench, Run, differ
from ivrkit.conformance.outcomes import outcomes_of
from ivrkit.conformance.subject import Nonconformity, Subject, failures


def a_handler_that_is_run_twice_gives_the_same(subject: Subject, begun: str) -> None:
    """With the same session and the same ``call.turn_key``, answer and session are the same."""
    with subject.phone_to(begun) as phone, failures():
        bench = Bench(phone)
        first, again = bench.begin(), bench.begin()
        _compare(subject, begun, "of a call that came in", first, again)
        for params in outcomes_of(phone, first.waiting_verb):
            told = ", ".join(f"{name}={value!r}" for name, value in params.items()) or "nothing"
            one, two = bench.run(first.kept, params), bench.run(first.kept, params)
            _compare(subject, begun, f"told {told}", one, two)


def _compare(subject: Subject, begun: str, what: str, first: Run, again: Run) -> None:
    found = differ(first, again)
    if found is not None:
        raise Nonconformity(
            f"{subject.where(begun)}, {what}, gives {found[0]!r} when it is run first, and {found[1]!r} when the same "
            "webhook is run again",
            hint="key what you do elsewhere with call.turn_key, and answer a webhook that was done as it was done",
        )
