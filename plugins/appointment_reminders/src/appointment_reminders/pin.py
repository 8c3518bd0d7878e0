"""The door: a PIN."""

from ivrkit import Call, MenuOption, State, Text, states

from appointment_reminders.appointments import Appointments
from appointment_reminders.guard import MENU
from appointment_reminders.memory import APPOINTMENT
from appointment_reminders.pins import is_pin
from appointment_reminders.settings import ReminderSettings


def pin(book: Appointments, settings: ReminderSettings) -> State:
    """Ask for the PIN of one of the caller's appointments, three times at most.

    It has no ``give_up``: who fails three times takes the tree's operator. That is reception where there is one on the
    key 0, or whatever the team has set, else the goodbye. Who has no appointment hears what a wrong PIN hears.
    """

    def check(call: Call) -> bool:
        for appointment in book.coming(call.from_, call.now):
            if is_pin(settings.pin_pepper, call.from_, call.digits, appointment.pin):
                call.data[APPOINTMENT] = appointment.id
                return True
        return False

    return states.question(
        Text("Please enter the PIN of your appointment."),
        digits=settings.pin_digits,
        check=check,
        secret=True,
        wrong=Text("That PIN does not fit an appointment of this telephone."),
        tries=3,
        then=MENU,
        options=MenuOption(key="5", label=Text("your appointment")),
    )
