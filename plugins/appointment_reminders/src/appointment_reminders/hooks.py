"""Hook implementations: the reminder at the start of a call, and the audit log at its end."""

import json
from datetime import timedelta

from ivrkit import Call, Settings, hookimpl

from appointment_reminders.appointments import Appointments
from appointment_reminders.call_data import ACTIONS, CALLBACK, REMINDER_DAY
from appointment_reminders.settings import ReminderSettings

#: How long before an appointment a call begins with the reminder.
REMINDER_TIME = timedelta(days=1)


class Hooks:
    """The hook implementations of the plugin.

    :param core: the settings of the host.
    :param settings: the settings of the plugin.
    """

    def __init__(self, core: Settings, settings: ReminderSettings) -> None:
        """Store the settings."""
        self.core = core
        self.appointments = Appointments(settings.file)
        self.audit_log = settings.audit_log

    @hookimpl(trylast=True)
    def ivrkit_choose_start(self, call: Call) -> str | None:
        """Return the state of the reminder if the caller has an appointment within a day, else ``None``.

        If the settings have a start state for this caller or this number, there is no reminder. If another plugin
        chooses the start state, this function is not called.
        """
        own = [each for each in (self.core.callers.get(call.from_), self.core.numbers.get(call.to)) if each]
        if any(each.start for each in own):
            return None
        upcoming = self.appointments.upcoming(call.from_, call.now)
        if not upcoming or upcoming[0].at - call.now > REMINDER_TIME:
            return None
        at = upcoming[0].at.astimezone(call.now.tzinfo)
        call.data[REMINDER_DAY] = "today" if at.date() == call.now.date() else "tomorrow"
        return "appointment.reminder"

    @hookimpl
    def ivrkit_call_ended(self, call: Call, reason: str) -> None:
        """Write a line with the caller's actions to the audit log. A call without actions gets no line."""
        actions = call.data.get(ACTIONS)
        if not actions:
            return
        line = {"time": call.now.isoformat(timespec="seconds"), "call": call.sid, "ended": reason, "actions": actions}
        if any(each["action"] == "callback" for each in actions):
            line["callback"] = call.data.get(CALLBACK)
        with self.audit_log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
