"""The menu behind the PIN, and what can be heard and confirmed in it."""

from ivrkit import Call, Goto, MenuOption, State, Text, states

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.guard import MAIN_MENU, MENU, change_key, sandboxed
from appointment_reminders.memory import Done, remember
from appointment_reminders.spoken import said


def option(key: str, label: Text) -> MenuOption:
    """Return an option of the menu behind the PIN."""
    return MenuOption(key=key, label=label, menu=MENU)


def menu() -> State:
    """Return the menu itself. It has no option, so that no key leads around the PIN."""
    return states.menu(Text("Your appointment."))


def back() -> State:
    """Lead back to the main menu. It is a state, so that the menu reads its key out."""
    return State(enter="", exit=MAIN_MENU, options=option("*", Text("the main menu")))


def hear(book: Appointments) -> State:
    """Tell when and where it is, and whether it is confirmed."""

    def answer(call: Call, appointment: Appointment) -> Goto:
        words = [said(call, appointment)]
        if appointment.status == "confirmed":
            words.append(Text("It is confirmed."))
        return Goto(MENU, say=words)

    return sandboxed(book, answer, MENU, options=[option("1", Text("the date, time and place"))])


def confirm(book: Appointments) -> State:
    """Confirm it, once a webhook."""

    def answer(call: Call, appointment: Appointment) -> Goto:
        book.change(appointment.id, "confirmed", key=change_key(call), now=call.now)
        remember(call, Done(appointment=appointment.id, what="confirmed"))
        return Goto(MENU, say=Text("Thank you. We look forward to seeing you."))

    return sandboxed(book, answer, MENU, options=[option("2", Text("confirming your appointment"))])
