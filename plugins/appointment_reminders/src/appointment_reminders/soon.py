"""The greeting of a caller whose appointment is near."""

from ivrkit import Call, Settings, State, Text

from appointment_reminders.memory import SOON


def soon(core: Settings) -> State:
    """Remind the caller, and go on where calls begin. It tells no more than the day: no PIN was entered yet."""
    return State(enter=reminder, exit=core.start)


def reminder(call: Call) -> Text | str:
    """Return the words; nobody knows of an appointment where the hook did not see one."""
    match call.data.get(SOON):
        case "today":
            return Text("Hello. Please remember your appointment today.")
        case "tomorrow":
            return Text("Hello. Please remember your appointment tomorrow.")
        case _:
            return ""
