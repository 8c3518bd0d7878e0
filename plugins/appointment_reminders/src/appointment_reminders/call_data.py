"""The keys of this plugin in ``call.data``. All plugins share ``call.data``, so each key has the plugin's name."""

from typing import Literal, TypedDict

from ivrkit import Call

#: The id of the appointment whose PIN was entered.
APPOINTMENT = "appointment-reminders.id"
#: The phone number for the call back.
CALLBACK = "appointment-reminders.callback"
#: The day of the appointment in the reminder: "today" or "tomorrow".
REMINDER_DAY = "appointment-reminders.reminder-day"
#: The actions of the call, a list of `Action`.
ACTIONS = "appointment-reminders.actions"


class Action(TypedDict):
    """An action of the caller: confirm or cancel an appointment, or request a call back about an appointment."""

    appointment: str
    action: Literal["confirmed", "cancelled", "callback"]


def record_action(call: Call, action: Action) -> None:
    """Record an action for the audit log."""
    call.data[ACTIONS] = [*call.data.get(ACTIONS, []), action]
