"""The states that cancel an appointment.

The caller must confirm the cancellation. If fewer than ``cancel_hours`` hours are left before the appointment, the
caller hears that it is too late to cancel.
"""

from datetime import timedelta

from ivrkit import Call, Goto, State, Text, states

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.call_data import APPOINTMENT, Action, record_action
from appointment_reminders.menu import option
from appointment_reminders.pin_required import MAIN_MENU, MENU, change_key, pin_required
from appointment_reminders.settings import ReminderSettings


def cancel_states(appointments: Appointments, settings: ReminderSettings) -> dict[str, State]:
    """Return the substates that cancel an appointment.

    A menu option leads to ``cancel``. The state ``cancel-question`` asks whether to cancel the appointment, and the
    state ``cancelled`` cancels the appointment.
    """
    notice = timedelta(hours=settings.cancel_hours)
    unchanged = Goto(MENU, say=Text("All right, your appointment stays as it is."))

    def too_late(call: Call, appointment: Appointment) -> Goto | None:
        if appointment.at - call.now >= notice:
            return None
        return Goto(MENU, say=Text("It is too late to cancel here. Please let us call you back."))

    def ask_first(call: Call, appointment: Appointment) -> Goto:
        return too_late(call, appointment) or Goto(".cancel-question")

    def cancel(call: Call, appointment: Appointment) -> Goto:
        # Time has passed since the question, so it may be too late now.
        if refusal := too_late(call, appointment):
            return refusal
        appointments.change(appointment.id, "cancelled", key=change_key(call), now=call.now)
        record_action(call, Action(appointment=appointment.id, action="cancelled"))
        del call.data[APPOINTMENT]
        return Goto(MAIN_MENU, say=Text("Your appointment is cancelled."))

    return {
        "cancel": pin_required(
            appointments,
            ask_first,
            MENU,
            ".cancel-question",
            options=[option("3", Text("cancelling your appointment"))],
        ),
        "cancel-question": states.question(
            Text("Do you want to cancel your appointment?"), yes=".cancelled", no=unchanged, give_up=unchanged
        ),
        "cancelled": pin_required(appointments, cancel, MENU, MAIN_MENU),
    }
