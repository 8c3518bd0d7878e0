"""The state that asks for the PIN."""

from ivrkit import Call, MenuOption, State, Text, states

from appointment_reminders.appointments import Appointments
from appointment_reminders.call_data import APPOINTMENT
from appointment_reminders.pin_hash import is_correct_pin
from appointment_reminders.pin_required import MENU
from appointment_reminders.settings import ReminderSettings


def pin(appointments: Appointments, settings: ReminderSettings) -> State:
    """Return the state that asks the caller for the PIN of an appointment, up to three times.

    The state has no ``give_up``, so after three wrong PINs the call goes to the operator: the setting ``operator``,
    else the state with the key 0, else the goodbye. A caller without an appointment hears the same sentences as a
    caller with a wrong PIN.
    """

    def check(call: Call) -> bool:
        for appointment in appointments.upcoming(call.from_, call.now):
            if is_correct_pin(settings.pin_pepper, call.from_, call.digits, appointment.pin):
                call.data[APPOINTMENT] = appointment.id
                return True
        return False

    return states.question(
        Text("Please enter the PIN of your appointment."),
        digits=settings.pin_digits,
        check=check,
        secret=True,
        wrong=Text("That PIN does not match an appointment for this phone number."),
        tries=3,
        then=MENU,
        options=MenuOption(key="5", label=Text("your appointment")),
    )
