"""What is kept in ``call.data``, and under which keys. All packages of a tree share that dict."""

from typing import Literal, TypedDict

from ivrkit import Call

#: The id of the appointment whose PIN was right.
APPOINTMENT = "appointment-reminders.id"
#: The number at which a caller wants to be called back.
CALLBACK = "appointment-reminders.callback"
#: Whether the appointment that the caller is reminded of is today or tomorrow.
SOON = "appointment-reminders.soon"
#: What was done in this call, a list of `Done`.
DONE = "appointment-reminders.done"


class Done(TypedDict):
    """Something that was done in a call."""

    appointment: str
    what: Literal["confirmed", "cancelled", "callback"]


def remember(call: Call, done: Done) -> None:
    """Keep what was done, for the audit log."""
    call.data[DONE] = [*call.data.get(DONE, []), done]
