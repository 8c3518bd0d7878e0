"""The reminder at the start of a call."""

from ivrkit import Call, Settings, State, Text

from appointment_reminders.call_data import REMINDER_DAY


def reminder(core: Settings) -> State:
    """Return the state that says the reminder, and then goes to the state in the setting ``start``.

    The reminder says only the day of the appointment, because the caller has not entered a PIN.
    """
    return State(enter=reminder_text, exit=core.start)


def reminder_text(call: Call) -> Text | str:
    """Return the text of the reminder, or ``""`` if the hook ``ivrkit_choose_start`` found no appointment."""
    match call.data.get(REMINDER_DAY):
        case "today":
            return Text("Hello. Please remember your appointment today.")
        case "tomorrow":
            return Text("Hello. Please remember your appointment tomorrow.")
        case _:
            return ""
