"""What is kept of a recording, and who is told of it: https://www.twilio.com/docs/voice/twiml/record."""

from __future__ import annotations

from dataclasses import dataclass

from ivrkit.simulator.legs import new_sid
from ivrkit.simulator.line import Line
from ivrkit.simulator.scene import Scene
from ivrkit.simulator.twiml.grammar import value
from ivrkit.simulator.twiml.markup import Element

#: A recording's own address: GET it for a WAV, with ``.mp3`` for an MP3.
_ADDRESS = "https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{sid}"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was made, or is being made.

    :param source: ``RecordVerb`` or ``DialVerb``.
    """

    sid: str
    url: str
    source: str

    @classmethod
    def of(cls, line: Line, source: str) -> Recording:
        """Return a new recording of a call."""
        sid = new_sid("RE")
        return cls(sid, _ADDRESS.format(account=line.leg.account, sid=sid), source)

    def tell(self, line: Line, scene: Scene, verb: Element, status: str, seconds: int) -> None:
        """Tell the verb's ``recordingStatusCallback`` of an event, if it wants to know of that one."""
        url = value(verb, "recordingStatusCallback")
        if not url or status not in value(verb, "recordingStatusCallbackEvent").split():
            return
        go = scene.go(
            line,
            verb,
            "recording-status",
            url,
            value(verb, "recordingStatusCallbackMethod"),
            RecordingSid=self.sid,
            RecordingUrl=self.url,
            RecordingStatus=status,
            RecordingDuration=str(seconds),
            RecordingChannels="2" if "dual" in verb.attributes.get("record", "") else "1",
            RecordingSource=self.source,
            RecordingStartTime=line.timestamp(),
        )
        if go is not None:
            line.send_later(go, line.leg)
