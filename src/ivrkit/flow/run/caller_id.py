"""The number that a ``Dial`` shows to the callee: https://www.twilio.com/docs/voice/twiml/dial#callerid."""

from __future__ import annotations

from dataclasses import replace

from ivrkit.flow.compile.fragments import Content, quote_attribute
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.caller_ids import is_phone_number


def with_caller_id(content: Content, call: Call) -> Content:
    """Return the content of a state. If the caller has no phone number, its ``Dial`` shows the called number.

    By default, Twilio shows the caller's number to the callee. If the caller is a client or a SIP address, or withholds
    the number, Twilio does not place the call (https://www.twilio.com/docs/api/errors/13214). With the called number as
    ``callerId``, Twilio places the call.

    :param content: the content of a state. A ``callerId`` that the state's author has set is kept.
    :param call: the call.
    """
    position = content.caller_id_position
    if position is None or is_phone_number(call.from_) or not is_phone_number(call.to):
        return content
    caller_id = f" callerId={quote_attribute(call.to)}".encode()
    xml = content.xml[:position] + caller_id + content.xml[position:]
    return replace(content, xml=xml, prompts_start=content.prompts_start + len(caller_id))
