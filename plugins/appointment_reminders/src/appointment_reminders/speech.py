"""The sentence about an appointment, with its date and time in the language of the call."""

from datetime import datetime

from babel import Locale
from babel.dates import format_time
from ivrkit import Call, Text

from appointment_reminders.appointments import Appointment


def time_text(at: datetime, locale: Locale) -> str:
    """Return a time of day as a text that the caller hears, such as "3:30 PM"."""
    # Babel puts narrow spaces before AM and PM, which some voices cannot read.
    return " ".join(format_time(at, "short", locale=locale).split())


def appointment_text(call: Call, appointment: Appointment) -> Text:
    """Return the sentence about an appointment, in the language of the call and the time zone of the host.

    The names of days and months come from Babel. The order of the words comes from the translation of the sentence.
    """
    at = appointment.at.astimezone(call.now.tzinfo)
    locale = Locale.parse(call.language, sep="-")
    time = time_text(at, locale)
    values = {
        "weekday": locale.days["format"]["wide"][at.weekday()],
        "month": locale.months["format"]["wide"][at.month],
        "day": at.day,
        "time": time,
        "place": appointment.place,
    }
    if time.startswith("1:"):
        # Spanish says "a la 1:30", but "a las 2:30", so it needs two translations. The comma makes this another text.
        return Text("Your appointment is on {weekday}, {month} {day}, at {time}, {place}.", **values)
    return Text("Your appointment is on {weekday}, {month} {day} at {time}, {place}.", **values)
