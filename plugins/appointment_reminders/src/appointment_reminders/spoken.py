"""Dates and times as they are said."""

from datetime import datetime

from babel import Locale
from babel.dates import format_time
from ivrkit import Call, Text

from appointment_reminders.appointments import Appointment


def said_time(at: datetime, locale: Locale) -> str:
    """Return a time as it is said, such as "3:30 PM"."""
    # Babel puts narrow spaces before AM and PM, which not every voice knows.
    return " ".join(format_time(at, "short", locale=locale).split())


def said(call: Call, appointment: Appointment) -> Text:
    """Return the sentence that tells an appointment, in the language of the call and the zone of the host.

    The names of days and months come from Babel; the order of the words is the catalogue's.
    """
    at = appointment.at.astimezone(call.now.tzinfo)
    locale = Locale.parse(call.language, sep="-")
    time = said_time(at, locale)
    places = {
        "weekday": locale.days["format"]["wide"][at.weekday()],
        "month": locale.months["format"]["wide"][at.month],
        "day": at.day,
        "time": time,
        "place": appointment.place,
    }
    if time.startswith("1:"):
        # Spanish says "a la 1:30" and "a las 2:30". So this is a sentence of its own, with one comma more.
        return Text("Your appointment is on {weekday}, {month} {day}, at {time}, {place}.", **places)
    return Text("Your appointment is on {weekday}, {month} {day} at {time}, {place}.", **places)
