"""Twilio's codes for problems with a response: https://www.twilio.com/docs/api/errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A code of Twilio for an error or a warning.

    :param level: the level at which Twilio logs the problem, ``error`` or ``warning``. Most errors end the call; an
        invalid attribute does not.
    :param meaning: the problem as a phrase, without the details of one document.
    :param hint: how the author of the app can fix the problem.
    """

    number: int
    level: str
    meaning: str
    hint: str


# Twilio defines the numbers. Most of Twilio's texts name no remedy, so meanings and hints are our own.
_ERRORS = (
    (11100, "invalid URL", "use an http or https URL, absolute or relative to the document"),
    (11200, "the document could not be fetched", "answer with the status 200, and check the log of the app"),
    (11205, "no connection, or no response in time", "check that the app listens there and answers within 15 seconds"),
    (11206, "the response violates HTTP", "check the proxies between the app and the internet"),
    (11210, "the host name does not exist", "check the host name in the URL"),
    (11215, "too many HTTP redirects", "redirect at most 10 times, or answer directly"),
    (11216, "an HTTP redirect that is not followed", "redirect with 301, 302, 303 or 307 and a Location"),
    (11217, "the status of the response is an error", "answer with the status 200, and check the log of the app"),
    (11220, "no TLS connection", "enable TLS 1.2 or newer on the host"),
    (11235, "the certificate belongs to another host", "get a certificate for the host name in the URL"),
    (11236, "the certificate has expired", "renew the certificate"),
    (11237, "the certificate is not trusted", "serve the complete chain of certificates"),
    (11750, "the document is too large", "keep the document below 64 kB"),
    (11770, "a chunked response without a body", "send a body, or turn off chunked encoding"),
    (12100, "the document is not valid XML", "write TwiML with a library, and send nothing before or after it"),
    (12101, "unsupported XML version", "use XML version 1.0"),
    (12102, "the root element is not Response", "put all verbs in one <Response>"),
    (12300, "unsupported Content-Type", "answer with text/xml"),
    (13201, "Dial is not allowed in the document of a Number", "use Say, Play, Gather or Hangup there"),
    (13224, "Number: the number can't be dialled", "check the number"),
    (13338, "Gather: invalid actionOnEmptyResult", "use true or false"),
    (
        13343,
        "Gather: invalid configuration of the speech provider",
        "name a model of the provider, such as deepgram_nova-3-general",
    ),
    (13621, "Record: invalid recordingStatusCallbackEvent", "use in-progress, completed or absent"),
)
_WARNINGS = (
    (12200, "the document does not match Twilio's schema", "check the verb or attribute on Twilio's page"),
    (13210, "Dial: invalid method", "use GET or POST"),
    (13212, "Dial: invalid timeout", "use 5 to 600 seconds"),
    (13213, "Dial: invalid hangupOnStar", "use true or false"),
    (13214, "Dial: invalid callerId", "use a number of yours in E.164, or the caller's number"),
    (13215, "Dial: invalid content", "use one number as text, or nouns"),
    (13216, "Dial: invalid timeLimit", "use a whole number of seconds"),
    (13217, "Dial: invalid record", "use one of the values on Twilio's page"),
    (13218, "Dial: invalid sequential", "use true or false"),
    (13219, "Dial: invalid answerOnBridge", "use true or false"),
    (13220, "Dial: invalid ringTone", "use the code of a country on Twilio's page, such as us"),
    (13221, "Number: invalid method", "use GET or POST"),
    (13222, "Number: invalid sendDigits", "use keys, and w for half a second"),
    (13223, "Number: invalid phone number", "use E.164, such as +14155550100"),
    (13225, "Number: the number is forbidden", "dial another number"),
    (13226, "Number: the country is not allowed", "allow the country in the settings of the account"),
    (13227, "Number: international calls are not allowed", "allow them in the settings of the account"),
    (13238, "the verb is not allowed in a wait document", "use Say, Play, Pause or Redirect there"),
    (13310, "Gather: invalid finishOnKey", "use one key, or an empty value"),
    (13312, "Gather: invalid method", "use GET or POST"),
    (13313, "Gather: invalid timeout", "use a whole number of seconds of at least 1"),
    (13314, "Gather: invalid numDigits", "use a whole number of at least 1"),
    (13320, "Gather: invalid content", "use Say, Play or Pause in it, and put other verbs after it"),
    (13325, "Gather: a file of an unsupported type", "serve MP3, WAV, AIFF, GSM or u-law"),
    (13327, "Gather: invalid speechTimeout", "use a whole number of seconds, or auto"),
    (13328, "Gather: invalid maxSpeechTime", "use a whole number of seconds of at least 1"),
    (13330, "Gather: invalid hints", "use at most 500 hints of at most 100 characters"),
    (13331, "Gather: invalid language", "use a language with a region, such as en-US"),
    (13332, "Gather: invalid bargeIn", "use true or false"),
    (13334, "Gather: invalid speechModel", "use a model on Twilio's page; one of a provider begins with its name"),
    (13335, "Gather: speechTimeout auto with a speechModel", "use a whole number of seconds, or no speechModel"),
    (13336, "Gather: invalid debug", "use true or false"),
    (13339, "Gather: invalid enhanced", "use true or false, or remove the deprecated attribute"),
    (13410, "Play: invalid loop", "use a whole number; 0 repeats without end"),
    (13420, "Play: a file of an unsupported type", "serve MP3, WAV, AIFF, GSM or u-law with its Content-Type"),
    (13510, "Say: invalid loop", "use a whole number; 0 repeats without end"),
    (13511, "Say: invalid voice", "use man, woman, or the name of a Polly or Google voice"),
    (13520, "Say: no text", "add a text, or remove the verb"),
    (13521, "Say: the text is too long", "split the text into several verbs"),
    (13610, "Record: invalid method", "use GET or POST"),
    (13611, "Record: invalid timeout", "use a whole number of seconds; 0 turns it off"),
    (13612, "Record: invalid maxLength", "use a whole number of seconds"),
    (13613, "Record: invalid finishOnKey", "use keys of 0-9, # and *"),
    (13614, "Record: invalid transcribe", "use true or false"),
    (13615, "Record: maxLength is too long for a transcription", "use a maxLength of at most 120"),
    (13616, "Record: invalid playBeep", "use true or false"),
    (
        13617,
        "Record: the recording can't be transcribed",
        "transcribe recordings of more than 2 and less than 120 seconds",
    ),
    (13710, "Redirect: invalid method", "use GET or POST"),
    (13910, "Pause: invalid length", "use a whole number of seconds of at least 1"),
    (14201, "Enqueue: invalid method", "use GET or POST"),
    (14202, "Enqueue: invalid waitUrl", "use a URL"),
    (14203, "Enqueue: invalid action", "use a URL"),
    (14204, "Enqueue: no queue name", "add the name of a queue"),
    (14205, "Enqueue: the queue name is too long", "use at most 64 characters"),
    (14206, "Enqueue: invalid waitUrlMethod", "use GET or POST"),
    (15002, "a callback took too long", "answer callbacks quickly"),
    (15003, "a callback returned an error", "answer callbacks with the status 204"),
)

CODES: Mapping[int, ErrorCode] = {
    **{number: ErrorCode(number, "error", meaning, hint) for number, meaning, hint in _ERRORS},
    **{number: ErrorCode(number, "warning", meaning, hint) for number, meaning, hint in _WARNINGS},
}
