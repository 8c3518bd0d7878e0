"""To cancel an appointment: asked back, and only in good time."""

from datetime import timedelta

from ivrkit import Call, Goto, State, Text, states

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.guard import MAIN_MENU, MENU, change_key, sandboxed
from appointment_reminders.memory import APPOINTMENT, Done, remember
from appointment_reminders.menu import option
from appointment_reminders.settings import ReminderSettings


def cancel(book: Appointments, settings: ReminderSettings) -> dict[str, State]:
    """Return the parts: ``cancel`` in the menu, ``cancel-sure`` that asks back, and ``cancelled`` that does it."""
    notice = timedelta(hours=settings.cancel_hours)
    stays = Goto(MENU, say=Text("All right, your appointment stays as it is."))

    def too_late(call: Call, appointment: Appointment) -> Goto | None:
        if appointment.at - call.now >= notice:
            return None
        return Goto(MENU, say=Text("It is too late to cancel here. Please let us call you back."))

    def ask_back(call: Call, appointment: Appointment) -> Goto:
        return too_late(call, appointment) or Goto(".cancel-sure")

    def do_it(call: Call, appointment: Appointment) -> Goto:
        if late := too_late(call, appointment):
            return late
        book.change(appointment.id, "cancelled", key=change_key(call), now=call.now)
        remember(call, Done(appointment=appointment.id, what="cancelled"))
        del call.data[APPOINTMENT]
        return Goto(MAIN_MENU, say=Text("Your appointment is cancelled."))

    return {
        "cancel": sandboxed(
            book, ask_back, MENU, ".cancel-sure", options=[option("3", Text("cancelling your appointment"))]
        ),
        "cancel-sure": states.question(
            Text("Do you want to cancel your appointment?"), yes=".cancelled", no=stays, give_up=stays
        ),
        "cancelled": sandboxed(book, do_it, MENU, MAIN_MENU),
    }
