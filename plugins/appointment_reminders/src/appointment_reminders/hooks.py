"""Where calls begin, and what is written down when they end."""

import json
from datetime import timedelta

from ivrkit import Call, Settings, hookimpl

from appointment_reminders.appointments import Appointments
from appointment_reminders.memory import CALLBACK, DONE, SOON
from appointment_reminders.settings import ReminderSettings

#: How long before an appointment its patient is reminded.
NEAR = timedelta(days=1)


class Hooks:
    """Reminds callers whose appointment is near, and writes the audit log.

    :param core: what the core is set to.
    :param settings: what the clinic sets.
    """

    def __init__(self, core: Settings, settings: ReminderSettings) -> None:
        """Keep what the hooks work with."""
        self.core = core
        self.book = Appointments(settings.file)
        self.audit = settings.audit

    @hookimpl(trylast=True)
    def ivrkit_choose_start(self, call: Call) -> str | None:
        """Begin with a reminder where the caller's next appointment is near.

        Any other plugin may decide before. So does the team: a number or a caller that has a start of its own in the
        settings keeps it.
        """
        decided = [each for each in (self.core.callers.get(call.from_), self.core.numbers.get(call.to)) if each]
        if any(each.start for each in decided):
            return None
        coming = self.book.coming(call.from_, call.now)
        if not coming or coming[0].at - call.now > NEAR:
            return None
        at = coming[0].at.astimezone(call.now.tzinfo)
        call.data[SOON] = "today" if at.date() == call.now.date() else "tomorrow"
        return "appointment.soon"

    @hookimpl
    def ivrkit_call_ended(self, call: Call, reason: str) -> None:
        """Add a line to the audit log where something was done. A call that changed nothing leaves no line."""
        done = call.data.get(DONE)
        if not done:
            return
        line = {"time": call.now.isoformat(timespec="seconds"), "call": call.sid, "ended": reason, "done": done}
        if any(each["what"] == "callback" for each in done):
            line["callback"] = call.data.get(CALLBACK)
        with self.audit.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
