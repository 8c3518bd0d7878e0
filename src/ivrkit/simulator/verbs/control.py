"""Redirect, Reject, Hangup and Leave: where a document ends by its own word."""

from __future__ import annotations

from typing import NoReturn

from ivrkit.simulator.line import Line
from ivrkit.simulator.scene import Scene
from ivrkit.simulator.twiml.grammar import value
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.waiting import Go, Left, Over


def redirect(line: Line, scene: Scene, verb: Element) -> Go:
    """Ask for another document; it carries the usual parameters alone."""
    written = verb.text.strip()
    if not written and not line.assumptions.empty_redirect_is_same:
        line.warn(11100, "a <Redirect> has no URL", url=scene.url, line=verb.line, column=verb.column)
        raise Over("application-error")
    go = scene.go(line, verb, "redirect", written or None, value(verb, "method"))
    if go is None:
        raise Over("application-error")
    return Go(go.url, go.method, go.purpose)


def reject(line: Line, scene: Scene, verb: Element) -> NoReturn:
    """Refuse a call that was not answered; one that was can't be refused any more, and is hung up."""
    if line.leg.answered_at is not None:
        raise Over("hangup")
    line.leg.status = value(verb, "reason")
    raise Over("rejected")


def hangup(line: Line, scene: Scene, verb: Element) -> NoReturn:
    """Hang up."""
    raise Over("hangup")


def leave(line: Line, scene: Scene, verb: Element) -> NoReturn:
    """Leave the queue that this document is heard in."""
    raise Left
