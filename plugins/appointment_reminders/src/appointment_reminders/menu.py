"""The menu that follows the correct PIN, and the states that say and confirm the appointment."""

from ivrkit import Call, Goto, MenuOption, State, Text, states

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.call_data import Action, record_action
from appointment_reminders.pin_required import MAIN_MENU, MENU, change_key, pin_required
from appointment_reminders.speech import appointment_text


def option(key: str, label: Text) -> MenuOption:
    """Return an option of the menu that follows the correct PIN."""
    return MenuOption(key=key, label=label, menu=MENU)


def menu() -> State:
    """Return the menu that follows the correct PIN. The main menu has no key for this menu."""
    return states.menu(Text("Your appointment."))


def back() -> State:
    """Return the state that leads the caller back to the main menu."""
    return State(enter="", exit=MAIN_MENU, options=option("*", Text("the main menu")))


def hear(appointments: Appointments) -> State:
    """Return the state that says the time and place of the appointment, and whether the appointment is confirmed."""

    def answer(call: Call, appointment: Appointment) -> Goto:
        texts = [appointment_text(call, appointment)]
        if appointment.status == "confirmed":
            texts.append(Text("It is confirmed."))
        return Goto(MENU, say=texts)

    return pin_required(appointments, answer, MENU, options=[option("1", Text("the date, time and place"))])


def confirm(appointments: Appointments) -> State:
    """Return the state that confirms the appointment. If Twilio repeats the webhook, only one change is recorded."""

    def answer(call: Call, appointment: Appointment) -> Goto:
        appointments.change(appointment.id, "confirmed", key=change_key(call), now=call.now)
        record_action(call, Action(appointment=appointment.id, action="confirmed"))
        return Goto(MENU, say=Text("Thank you. We look forward to seeing you."))

    return pin_required(appointments, answer, MENU, options=[option("2", Text("confirming your appointment"))])
