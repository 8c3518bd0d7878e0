"""The state ``appointment`` with all of its parts."""

from dataclasses import replace

from ivrkit import Settings, State

from appointment_reminders.appointments import Appointments
from appointment_reminders.callback import callback, called_back
from appointment_reminders.cancel import cancel
from appointment_reminders.menu import back, confirm, hear, menu
from appointment_reminders.pin import pin
from appointment_reminders.settings import ReminderSettings
from appointment_reminders.soon import soon


def appointment(core: Settings, settings: ReminderSettings) -> State:
    """Ask for a PIN, and lead into the menu behind it."""
    book = Appointments(settings.file)
    return replace(
        pin(book, settings),
        substates={
            "soon": soon(core),
            "menu": menu(),
            "hear": hear(book),
            "confirm": confirm(book),
            **cancel(book, settings),
            "callback": callback,
            "called-back": called_back(book),
            "back": back(),
        },
    )
