"""The limit of calls from one number in an hour."""

from __future__ import annotations

from ivrkit.flow.model.call import Call
from ivrkit.flow.model.caller_ids import is_phone_number
from ivrkit.flow.model.text import Text, Texts
from ivrkit.flow.run.plugin_code import CodeRefused

#: The sentence for a caller who has called too often. The call ends with it.
TOO_MANY_CALLS = Text(Texts.too_many_calls)
#: The name under which the calls are counted, and the time for which a call counts.
_NAME, _MINUTES = "ivrkit.calls", 60


def has_called_too_often(call: Call, max_calls: int) -> bool:
    """Count an incoming call, and return whether its number has called too often.

    A caller who withholds the number is not limited, because all these callers would share one limit. Nobody is refused
    while calls cannot be counted, because the session store is unavailable.

    :param call: the call at its first webhook.
    :param max_calls: the largest number of calls from one number in an hour, or 0 for no limit.
    """
    if not max_calls or call.direction != "inbound" or not is_phone_number(call.from_):
        return False
    try:
        return call.attempts(_NAME, call.from_, max_attempts=max_calls, minutes=_MINUTES).failed()
    except CodeRefused:
        return False
