"""The state that asks for the PIN."""

from ivrkit import Call, MenuOption, State, Text, states

from appointment_reminders.appointments import Appointments
from appointment_reminders.call_data import APPOINTMENT
from appointment_reminders.pin_hash import is_correct_pin
from appointment_reminders.pin_required import MENU
from appointment_reminders.settings import ReminderSettings

#: The names of the attempts that are counted for a phone number, and for an appointment.
NUMBER_ATTEMPTS = "appointment-reminders.number"
APPOINTMENT_ATTEMPTS = "appointment-reminders.appointment"


def pin(appointments: Appointments, settings: ReminderSettings) -> State:
    """Return the state that asks the caller for the PIN of an appointment, up to three times.

    The state has no ``give_up``, so after three wrong PINs the call goes to the operator: the setting ``operator``,
    else the state with the key 0, else the goodbye. A caller without an appointment hears the same sentences as a
    caller with a wrong PIN.

    Wrong PINs are counted over all calls, for the phone number and for each of its appointments. After too many, every
    PIN is wrong for a while. The caller hears the same sentences as after a wrong PIN.
    """

    def check(call: Call) -> bool:
        upcoming = appointments.upcoming(call.from_, call.now)
        found = [each for each in upcoming if is_correct_pin(settings.pin_pepper, call.from_, call.digits, each.pin)]
        # A wrong PIN may be a guess at any appointment of the number. If only the number counted, the PIN of one
        # appointment would clear the guesses at another one.
        attempts = [call.attempts(NUMBER_ATTEMPTS, call.from_)]
        attempts += [call.attempts(APPOINTMENT_ATTEMPTS, each.id) for each in found or upcoming]
        # First all of them count the PIN: all() stops at the first that is locked.
        results = [each.check(bool(found)) for each in attempts]
        if not all(results):
            return False
        call.data[APPOINTMENT] = found[0].id
        return True

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
