"""States that can be entered only after the PIN, and only for an appointment that still exists."""

from collections.abc import Callable, Sequence

from ivrkit import Call, Goto, MenuOption, State, Target, Text, leads_to

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.call_data import APPOINTMENT

#: The core's main menu.
MAIN_MENU = "menu"
#: The menu behind the PIN, named from a substate of `appointment`.
MENU = ".menu"

Answer = Callable[[Call, Appointment], Goto]


def change_key(call: Call) -> str:
    """Return the idempotency key for changes in this webhook. Two copies of a webhook have the same key."""
    return f"appointment-reminders:{call.turn_key}"


def pin_required(
    appointments: Appointments, answer: Answer, *targets: str, options: Sequence[MenuOption] = ()
) -> State:
    """Return a state that looks up the appointment, and goes to the target that ``answer`` returns.

    If the caller has not entered the PIN, the call goes to the state that asks for the PIN. If the appointment is
    cancelled or in the past, the caller hears the reason and goes to the main menu. If the file cannot be read, the
    caller hears the core's apology and goes to the main menu.

    :param appointments: the file of appointments.
    :param answer: a function that gets the call and the appointment, and returns the target.
    :param targets: all targets that ``answer`` may return.
    :param options: the menu options of the state.
    """

    @leads_to(".", MAIN_MENU, *targets)
    def go_on(call: Call) -> Target:
        name = call.data.get(APPOINTMENT)
        if name is None:
            return "."
        appointment = appointments.find(name)
        if appointment is None:
            return Goto(MAIN_MENU, say=Text("We can no longer find that appointment."))
        if appointment.at <= call.now:
            return Goto(MAIN_MENU, say=Text("The time of your appointment has passed."))
        # If another copy of this webhook cancelled the appointment, both copies must give the same answer.
        if appointment.status == "cancelled" and not appointments.has_change(change_key(call)):
            return Goto(MAIN_MENU, say=Text("That appointment has already been cancelled."))
        return answer(call, appointment)

    return State(enter="", exit=go_on, options=options, on_error=MAIN_MENU)
