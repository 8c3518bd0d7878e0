"""stand-in"""
from __future__ import annotations
from dataclasses import dataclass
@dataclass(frozen=True)
class Slip:
    code:int; what:str; line:int; column:int
D={"Say":{"loop":"1","language":"en-US","voice":""},"Play":{"loop":"1","digits":""},"Pause":{"length":"1"},
"Gather":{"action":"","method":"POST","input":"dtmf","timeout":"5","numDigits":"","finishOnKey":"#","actionOnEmptyResult":"false","speechTimeout":"","bargeIn":"true","partialResultCallback":"","partialResultCallbackMethod":"POST","maxSpeechTime":"60"},
"Record":{"method":"POST","timeout":"5","finishOnKey":"1234567890*#","maxLength":"3600","playBeep":"true","trim":"trim-silence","recordingStatusCallback":"","recordingStatusCallbackMethod":"POST","recordingStatusCallbackEvent":"completed","transcribe":"false","transcribeCallback":""},
"Dial":{"method":"POST","timeout":"30","timeLimit":"14400","callerId":"","hangupOnStar":"false","answerOnBridge":"false","record":"do-not-record","sequential":"false","recordingStatusCallback":"","recordingStatusCallbackMethod":"POST","recordingStatusCallbackEvent":"completed"},
"Number":{"sendDigits":"","url":"","method":"POST","statusCallbackEvent":"completed","statusCallback":"","statusCallbackMethod":"POST"},
"Enqueue":{"method":"POST","waitUrl":"","waitUrlMethod":"POST","maxQueueSize":""},"Redirect":{"method":"POST"},"Reject":{"reason":"rejected"},"Hangup":{},"Leave":{},"Response":{}}
GRAMMAR=D
def value(e,n): return e.attributes.get(n, D[e.name][n])
def number(e,n): return int(value(e,n))
def flag(e,n): return value(e,n)=="true"
def slips(root): return []
