"""The limit of dials in one call, so that a caller cannot let phones ring again and again."""

from __future__ import annotations

from ivrkit.flow.compile.fragments import Content
from ivrkit.flow.run.plugin_code import CodeRefused
from ivrkit.flow.run.session import Session


class DialLimitReached(CodeRefused):
    """The call has dialled too often, so a state that dials is not entered. This is not an error of the state."""


def count_dial(content: Content, session: Session, max_dials: int) -> None:
    """Count the dial of a state that a call is about to enter, if the state dials.

    A ``Dial`` counts once, regardless of how many phones it rings.

    :param content: the rendered content of the state. It has at most one verb that waits.
    :param session: the session of the call.
    :param max_dials: the largest number of dials in one call.
    :raises DialLimitReached: if the call has dialled as often as that. The dial is then not counted.
    """
    if content.waiting_verb != "Dial":
        return
    if session.dials >= max_dials:
        raise DialLimitReached(
            f"the call has dialled {session.dials} times, which is the most that max_dials allows",
            hint="set max_dials to a higher number",
        )
    session.dials += 1
