"""The state ``appointment`` with its substates."""

from dataclasses import replace

from ivrkit import Settings, State

from appointment_reminders.appointments import Appointments
from appointment_reminders.callback import callback, callback_requested
from appointment_reminders.cancel import cancel_states
from appointment_reminders.menu import back, confirm, hear, menu
from appointment_reminders.pin import pin
from appointment_reminders.reminder import reminder
from appointment_reminders.settings import ReminderSettings


def appointment(core: Settings, settings: ReminderSettings) -> State:
    """Return the state ``appointment``, which asks for the PIN, with all other states of the plugin as substates."""
    appointments = Appointments(settings.file)
    return replace(
        pin(appointments, settings),
        substates={
            "reminder": reminder(core),
            "menu": menu(),
            "hear": hear(appointments),
            "confirm": confirm(appointments),
            **cancel_states(appointments, settings),
            "callback": callback,
            "callback-requested": callback_requested(appointments),
            "back": back(),
        },
    )
