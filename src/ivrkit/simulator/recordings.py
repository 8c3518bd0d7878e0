"""Recordings and their status callbacks: https://www.twilio.com/docs/voice/twiml/record."""

from __future__ import annotations

from dataclasses import dataclass

from ivrkit.simulator.context import DocumentContext
from ivrkit.simulator.legs import new_sid
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.twiml.attributes import text_attribute
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.webhooks import send_callback_later

#: The URL of a recording. It returns a WAV file, and an MP3 file with ``.mp3`` at its end.
_RECORDING_URL = "https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{sid}"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a call, in progress or finished.

    :param source: Twilio's ``RecordingSource``: ``RecordVerb`` or ``DialVerb``.
    """

    sid: str
    url: str
    source: str

    @classmethod
    def new(cls, call: LiveCall, source: str) -> Recording:
        """Return a new recording of a call."""
        sid = new_sid("RE")
        return cls(sid, _RECORDING_URL.format(account=call.leg.account, sid=sid), source)

    def report_status(self, call: LiveCall, context: DocumentContext, verb: Element, status: str, seconds: int) -> None:
        """Send the status of the recording to the ``recordingStatusCallback`` of a verb.

        Nothing is sent if ``recordingStatusCallbackEvent`` does not include the status.

        :param status: ``in-progress``, ``completed`` or ``absent``.
        :param seconds: the length of the recording, in seconds.
        """
        url = text_attribute(verb, "recordingStatusCallback")
        if not url or status not in text_attribute(verb, "recordingStatusCallbackEvent").split():
            return
        request = context.request(
            call,
            verb,
            "recording-status",
            url,
            text_attribute(verb, "recordingStatusCallbackMethod"),
            RecordingSid=self.sid,
            RecordingUrl=self.url,
            RecordingStatus=status,
            RecordingDuration=str(seconds),
            RecordingChannels="2" if "dual" in verb.attributes.get("record", "") else "1",
            RecordingSource=self.source,
            RecordingStartTime=call.timestamp(),
        )
        # The caller's leg is the one that is recorded, also during a Dial.
        if request is not None:
            send_callback_later(call, request, call.leg)
