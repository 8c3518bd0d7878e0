"""What the states know of the company, in one place."""

from __future__ import annotations

from datetime import time

#: The number that reception answers, E.164.
RECEPTION_NUMBER = "+15550100"
#: How long reception's telephone rings, in seconds.
RECEPTION_RINGS = 20
#: The queue that support works off.
SUPPORT_QUEUE = "support"
#: The longest message that a caller may leave, in seconds.
LONGEST_MESSAGE = 120
#: When the company is open: weekday, 0 for Monday, -> from, to. A weekday that is not there is closed.
HOURS = {
    **{weekday: (time(9), time(18)) for weekday in range(5)},
    5: (time(10), time(13)),
}
#: How the same hours are read out.
WEEK = "Our hours are from nine to six on weekdays, and from ten to one on Saturdays. On Sundays we are closed."
