"""Nobody gets past the PIN by another door, and nobody is told of an appointment that is over."""

from collections.abc import Callable, Sequence

from ivrkit import Call, Goto, MenuOption, State, Text, leads_to

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.memory import APPOINTMENT

#: The core's main menu.
MAIN_MENU = "menu"
#: The menu behind the PIN, as the parts of `appointment` call it.
MENU = ".menu"

Answer = Callable[[Call, Appointment], Goto]


def change_key(call: Call) -> str:
    """Return the key of what this webhook changes. It is the same where two copies of the webhook race."""
    return f"appointment-reminders:{call.turn_key}"


def sandboxed(book: Appointments, answer: Answer, *targets: str, options: Sequence[MenuOption] = ()) -> State:
    """Return a state that waits for nothing: it looks the appointment up, answers, and goes on.

    Who has entered no PIN is asked for it. Who comes too late is told so. Where the file can't be read, the caller
    hears the core's apology and is in the main menu.

    :param book: the appointments.
    :param answer: what is done with the appointment; it returns where the call goes, with the words on the way.
    :param targets: all that `answer` leads to.
    :param options: how it is reached from a menu.
    """

    @leads_to(".", MAIN_MENU, *targets)
    def go_on(call: Call) -> str | Goto:
        name = call.data.get(APPOINTMENT)
        if name is None:
            return "."
        appointment = book.find(name)
        if appointment is None:
            return Goto(MAIN_MENU, say=Text("We can't find that appointment any more."))
        if appointment.at <= call.now:
            return Goto(MAIN_MENU, say=Text("The time of your appointment has passed."))
        # The other copy of this webhook may be the one that has cancelled it: both have to answer alike.
        if appointment.status == "cancelled" and not book.was_made(change_key(call)):
            return Goto(MAIN_MENU, say=Text("That appointment is cancelled already."))
        return answer(call, appointment)

    return State(enter="", exit=go_on, options=options, on_error=MAIN_MENU)
