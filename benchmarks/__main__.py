"""``python -m benchmarks``: the time of one webhook in ivrkit, compared with the same phone tree in one Flask file.

Both apps are called in this process over WSGI, in turns. A call has three signed webhooks, a CallSid and a caller's
number of its own, and sends its cookie back. A figure is the median over the rounds, printed with the interquartile
range. The CPU time varies less if other programs run at the same time; only the elapsed time includes the disk.
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

#: A webhook of ivrkit must take at most this fraction of the plain app's time.
GOAL = 0.75


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=20, help="calls to each app in a round (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # a folder without settings
        measure(Path(folder), arguments.rounds, arguments.calls)


def measure(folder: Path, rounds: int, calls_per_round: int) -> None:
    """Measure both apps and their parts in one run.

    :param folder: the folder for the session store.
    :param rounds: the number of rounds.
    :param calls_per_round: the number of calls to each app in a round.
    """
    settings = Settings(company="ACME", auth_token=(calls.TOKEN,), session_url=f"sqlite:///{folder / 'calls.sqlite3'}")
    ours, plain = create_app(settings), create_plain_app(calls.TOKEN)
    host, verifier = ours.extensions["ivrkit"], RequestVerifier(settings)
    compare(ours, plain)
    rounds_of: dict[str, list[Round]] = {"ivrkit": [], "plain": []}
    timings: parts.Timings = {}
    run_round(ours, calls_per_round), run_round(plain, calls_per_round)  # warm up
    for _ in range(rounds):
        rounds_of["ivrkit"].append(run_round(ours, calls_per_round))
        rounds_of["plain"].append(run_round(plain, calls_per_round))
        parts.measure_flask(timings)
        parts.measure_ivrkit(host.loaded, host.sessions, verifier, timings)
        parts.measure_plain_app(timings)
    compare(ours, plain)
    report(rounds_of, timings)


def compare(ours: calls.WSGIApp, plain: calls.WSGIApp) -> None:
    """Check that both apps say the same sentences, so that the comparison is fair.

    :raises AssertionError: if they do not.
    """
    sid = calls.new_sid()
    for our_reply, plain_reply in zip(calls.call(ours, sid), calls.call(plain, sid), strict=True):
        our_sentences, plain_sentences = calls.sentences(our_reply), calls.sentences(plain_reply)
        assert our_sentences == plain_sentences, f"ivrkit says {our_sentences}, the plain app says {plain_sentences}"
        assert our_sentences, "both apps say nothing"


class Round(NamedTuple):
    """The time of one webhook in microseconds: the median over the calls of a round."""

    elapsed: float
    cpu: float


def run_round(app: calls.WSGIApp, count: int) -> Round:
    """Make some calls; the time of a call is the mean of its three webhooks."""
    elapsed, cpu = [], []
    for _ in range(count):
        replies = list(calls.call(app, calls.new_sid()))
        assert all(reply.status == "200 OK" for reply in replies)
        elapsed.append(statistics.mean(reply.elapsed for reply in replies) / 1000)
        cpu.append(statistics.mean(reply.cpu for reply in replies) / 1000)
    return Round(statistics.median(elapsed), statistics.median(cpu))


def report(rounds_of: dict[str, list[Round]], timings: parts.Timings) -> None:
    """Print the ratios, the times, and the times of the parts."""
    versions = ", ".join(f"{name} {importlib_metadata.version(name)}" for name in ("flask", "werkzeug", "twilio"))
    print(f"One signed webhook in this process, with {versions}.\n")
    pairs = list(zip(rounds_of["ivrkit"], rounds_of["plain"], strict=True))
    elapsed = [our_round.elapsed / plain_round.elapsed for our_round, plain_round in pairs]
    cpu = [our_round.cpu / plain_round.cpu for our_round, plain_round in pairs]
    print(line("ivrkit / plain, elapsed", elapsed, ".3f"), f" goal: {GOAL}")
    print(line("ivrkit / plain, CPU", cpu, ".3f"), f" goal: {GOAL}")
    for app, rounds in rounds_of.items():
        print(line(f"{app}, elapsed, us", [each.elapsed for each in rounds], ".0f"))
        print(line(f"{app}, CPU, us", [each.cpu for each in rounds], ".0f"))
    print("\nThe parts of a webhook, each measured by itself, elapsed, us")
    for part, nanoseconds in timings.items():
        print(line(part, [each / 1000 for each in nanoseconds], ".1f"))


def line(label: str, figures: Sequence[float], format_spec: str) -> str:
    """Return a line with the median and the interquartile range of figures."""
    low, middle, high = statistics.quantiles(figures, n=4)
    return f"{label:36} {middle:8{format_spec}}  ({low:{format_spec}} to {high:{format_spec}})"


if __name__ == "__main__":
    main()
