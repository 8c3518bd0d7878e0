"""``python -m benchmarks``: one webhook of ivrkit against the same tree as one plain Flask file.

Both are asked in process over WSGI, by turns, a call of three webhooks each: signed, with a CallSid and a caller of
their own, the cookie carried. A figure is the median over rounds; beside it stands the middle half of them. The time
of the processor is the steadier one where other programs run beside; the disk is in the other one alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import importlib_metadata

from benchmarks import calls, parts
from benchmarks.plain import create_plain_app
from ivrkit import Settings
from ivrkit.web import create_app
from ivrkit.web.request_verifier import RequestVerifier

#: One webhook of ivrkit is to take this much of the plain one's time, or less.
GOAL = 0.75


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=20, help="calls of each app in a round (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # away from any settings that lie about
        measure(Path(folder), arguments.rounds, arguments.calls)


def measure(folder: Path, rounds: int, calls_a_round: int) -> None:
    """Measure both apps and the parts in one run.

    :param folder: where the sessions are kept.
    :param rounds: how often both are measured.
    :param calls_a_round: how many calls each gets in a round.
    """
    settings = Settings(company="ACME", auth_token=(calls.TOKEN,), session_url=f"sqlite:///{folder / 'calls.sqlite3'}")
    ours, plain = create_app(settings), create_plain_app(calls.TOKEN)
    host, verifier = ours.extensions["ivrkit"], RequestVerifier(settings)
    compare(ours, plain)
    rounds_of: dict[str, list[Round]] = {"ivrkit": [], "plain": []}
    timings: parts.Timings = {}
    one_round(ours, calls_a_round), one_round(plain, calls_a_round)  # warm
    for _ in range(rounds):
        rounds_of["ivrkit"].append(one_round(ours, calls_a_round))
        rounds_of["plain"].append(one_round(plain, calls_a_round))
        parts.hosts(timings)
        parts.ours(host.loaded, host.sessions, verifier, timings)
        parts.theirs(timings)
    compare(ours, plain)
    report(rounds_of, timings)


def compare(ours: calls.WSGIApp, plain: calls.WSGIApp) -> None:
    """Refuse to measure two apps that do not say the same.

    :raises AssertionError: with what each says.
    """
    sid = calls.new_sid()
    for mine, other in zip(calls.call(ours, sid), calls.call(plain, sid), strict=True):
        said, said_too = calls.words(mine), calls.words(other)
        assert said == said_too, f"ivrkit says {said}, plain says {said_too}"
        assert said, "nothing is said"


class Round(NamedTuple):
    """How long one webhook took, in microseconds: the median over the calls of a round."""

    took: float
    cpu: float


def one_round(app: calls.WSGIApp, count: int) -> Round:
    """Make some calls; the figure of a call is the mean of its three webhooks."""
    took, cpu = [], []
    for _ in range(count):
        replies = list(calls.call(app, calls.new_sid()))
        assert all(reply.status == "200 OK" for reply in replies)
        took.append(statistics.mean(reply.took for reply in replies) / 1000)
        cpu.append(statistics.mean(reply.cpu for reply in replies) / 1000)
    return Round(statistics.median(took), statistics.median(cpu))


def report(rounds_of: dict[str, list[Round]], timings: parts.Timings) -> None:
    """Print the ratios, the times, and the parts."""
    versions = ", ".join(f"{name} {importlib_metadata.version(name)}" for name in ("flask", "werkzeug", "twilio"))
    print(f"one webhook, in process, signed; {versions}\n")
    pairs = list(zip(rounds_of["ivrkit"], rounds_of["plain"], strict=True))
    print(line("ivrkit / plain, time", [mine.took / other.took for mine, other in pairs], ".3f"), f" goal: {GOAL}")
    print(line("ivrkit / plain, processor", [mine.cpu / other.cpu for mine, other in pairs], ".3f"), f" goal: {GOAL}")
    for app, rounds in rounds_of.items():
        print(line(f"{app}, time, us", [each.took for each in rounds], ".0f"))
        print(line(f"{app}, processor, us", [each.cpu for each in rounds], ".0f"))
    print("\nparts, each by itself, time, us")
    for part, nanoseconds in timings.items():
        print(line(part, [each / 1000 for each in nanoseconds], ".1f"))


def line(what: str, figures: Sequence[float], form: str) -> str:
    """Return a figure with its spread: the median, and the middle half from and to."""
    low, middle, high = statistics.quantiles(figures, n=4)
    return f"{what:36} {middle:8{form}}  ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    main()
