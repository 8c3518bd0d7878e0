"""Twilio's codes for what can be wrong with an answer: https://www.twilio.com/docs/api/errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One of Twilio's codes.

    :param level: ``error`` (Twilio gives the document up) or ``warning``.
    :param meaning: what it stands for.
    :param hint: what the app's author can do.
    """

    number: int
    level: str
    meaning: str
    hint: str


_ERRORS = (
    (11100, "the URL can't be used", "write an absolute http or https URL, or one relative to the document"),
    (11200, "the document could not be had", "let the webhook answer with 200, and look into its log"),
    (11205, "no connection, or no answer in time", "let the host listen there, and answer within 15 seconds"),
    (11206, "the answer breaks the rules of HTTP", "look at what stands between the app and the network"),
    (11210, "the host's name leads nowhere", "check the name in the URL"),
    (11215, "too many HTTP redirects", "redirect at most ten times, or answer at once"),
    (11216, "an HTTP redirect that can't be followed", "redirect with 301, 302, 303 or 307 and a Location"),
    (11217, "the answer's status is an error", "let the webhook answer with 200, and look into its log"),
    (11220, "no TLS connection", "let the host speak TLS 1.2 or newer"),
    (11235, "the certificate is another host's", "get a certificate for the name in the URL"),
    (11236, "the certificate has expired", "renew it"),
    (11237, "the certificate leads to nobody who is trusted", "serve the whole chain of certificates"),
    (11750, "the document is too large", "keep it under 64 kB"),
    (11770, "a chunked answer without a body", "send the document, or no chunks"),
    (12100, "the document is no XML", "let a library write the TwiML, and send nothing before or after it"),
    (12101, "the document is of another version of XML", "write version 1.0"),
    (12102, "the document's root is not Response", "put all verbs into one <Response>"),
    (12300, "the answer's Content-Type can't be used", "answer with text/xml"),
    (
        13201,
        "a Dial in a document for whoever was dialled",
        "let the document of a <Number> say, play, gather or hang up",
    ),
)
_WARNINGS = (
    (12200, "the document does not keep to the schema", "write the verb or attribute as Twilio's page has it"),
    (13210, "Dial: method", "GET or POST"),
    (13212, "Dial: timeout", "5 to 600 seconds"),
    (13213, "Dial: hangupOnStar", "true or false"),
    (13214, "Dial: callerId", "a number of yours in E.164, or the caller's"),
    (13215, "Dial: something in it that may not be there", "one number as text, or nouns"),
    (13216, "Dial: timeLimit", "a whole number of seconds"),
    (13217, "Dial: record", "one of the words of Twilio's page"),
    (13221, "Number: method", "GET or POST"),
    (13222, "Number: sendDigits", "keys, and w for half a second"),
    (13223, "Number: not a telephone number", "write it in E.164, such as +14155550100"),
    (13224, "Number: a number that can't be dialled", "check the number"),
    (13225, "Number: a forbidden number", "dial another one"),
    (13226, "Number: a country that is not allowed", "allow it in the account's settings"),
    (13227, "Number: no permission for other countries", "allow it in the account's settings"),
    (13238, "a verb that may not stand in a wait document", "say, play, pause or redirect there"),
    (13310, "Gather: finishOnKey", "one key, or nothing"),
    (13312, "Gather: method", "GET or POST"),
    (13313, "Gather: timeout", "a whole number of seconds from 1"),
    (13314, "Gather: numDigits", "a whole number from 1"),
    (13320, "Gather: something in it that may not be there", "say, play or pause in it, and put the rest behind it"),
    (13325, "Gather: a file in it of another type", "serve MP3, WAV, AIFF, GSM or u-law"),
    (13327, "Gather: speechTimeout", "a whole number of seconds, or auto"),
    (13330, "Gather: hints", "at most 500, each of at most 100 letters"),
    (13338, "Gather: actionOnEmptyResult", "true or false"),
    (13410, "Play: loop", "a whole number, 0 for ever"),
    (13420, "Play: a file of another type", "serve MP3, WAV, AIFF, GSM or u-law, with its type"),
    (13510, "Say: loop", "a whole number, 0 for ever"),
    (13511, "Say: voice", "man, woman, or the name of a Polly or Google voice"),
    (13520, "Say: no text", "say something, or leave it out"),
    (13521, "Say: too long", "say it in several"),
    (13610, "Record: method", "GET or POST"),
    (13611, "Record: timeout", "a whole number of seconds, 0 for none"),
    (13612, "Record: maxLength", "a whole number of seconds"),
    (13613, "Record: finishOnKey", "some keys"),
    (13614, "Record: transcribe", "true or false"),
    (13615, "Record: too long to be transcribed", "a maxLength of at most 120"),
    (13616, "Record: playBeep", "true or false"),
    (13617, "Record: too short or too long to be transcribed", "only what is over 2 and under 120 seconds is"),
    (13621, "Record: recordingStatusCallbackEvent", "in-progress, completed, absent"),
    (13710, "Redirect: method", "GET or POST"),
    (13910, "Pause: length", "a whole number of seconds from 1"),
    (14201, "Enqueue: method", "GET or POST"),
    (14202, "Enqueue: waitUrl", "a URL"),
    (14203, "Enqueue: action", "a URL"),
    (14204, "Enqueue: the queue has no name", "name it"),
    (14205, "Enqueue: the queue's name is too long", "at most 64 letters"),
    (14206, "Enqueue: waitUrlMethod", "GET or POST"),
    (15002, "a callback had to wait too long", "answer callbacks quickly"),
    (15003, "a callback was answered with an error", "answer it with 204"),
)

CODES: Mapping[int, Code] = {
    **{number: Code(number, "error", meaning, hint) for number, meaning, hint in _ERRORS},
    **{number: Code(number, "warning", meaning, hint) for number, meaning, hint in _WARNINGS},
}
