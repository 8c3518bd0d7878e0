"""The states in which a caller asks the clinic to call back and find another time for the appointment."""

from ivrkit import Call, Goto, MenuOption, State, Text, states

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.call_data import CALLBACK, Action, record_action
from appointment_reminders.pin_required import MENU, pin_required

#: Asks for a phone number and reads it out. It is a substate with a substate: `appointment.callback.confirm`.
callback = states.question(
    Text("Where can we call you, to find another time? Enter your number, then press pound."),
    digits="7-15",
    confirm=True,
    keep=CALLBACK,
    then=".callback-requested",
    options=MenuOption(key="4", label=Text("a call back, to move it"), menu=MENU),
)


def callback_requested(appointments: Appointments) -> State:
    """Return the state that records the request for a call back in the audit log, and promises the call back."""

    def answer(call: Call, appointment: Appointment) -> Goto:
        record_action(call, Action(appointment=appointment.id, action="callback"))
        return Goto(MENU, say=Text("Thank you. We will call you back."))

    return pin_required(appointments, answer, MENU)
