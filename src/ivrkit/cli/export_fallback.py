"""``ivrkit export-fallback``: write a static TwiML file for the day when the host cannot be reached."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import click

from ivrkit.cli.options import load_settings_with
from ivrkit.errors import IvrkitError
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.plugins.load import load
from ivrkit.settings import Settings

#: The attributes of a ``Dial`` that need no host.
_DIAL_ATTRIBUTES = ("callerId", "timeout", "timeLimit", "sequential", "answerOnBridge", "hangupOnStar", "ringTone")
#: The verbs that are prompts.
_PROMPTS = ("Say", "Play", "Pause")
#: The nouns of a ``Dial`` that ring a phone.
_NOUNS = ("Number", "Client", "Sip")


@click.command("export-fallback")
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@click.option("--language", metavar="TAG", help="A language of the settings. Default: the setting language.")
def export_fallback(output: Path | None, language: str | None) -> None:
    """Write a TwiML file for when the host is down.

    Callers hear the greeting and an apology. Then a number is dialled: the setting operator_number, or the number of
    a TOML state, as in safe mode. Without a number, callers hear the goodbye. The file needs no host of ivrkit: paste
    it into a TwiML Bin of Twilio, or put it on any web server.
    """
    settings = load_settings_with((), safe=True)
    flow = _load_flow(settings)
    if language is not None and language not in flow.languages:
        raise IvrkitError(
            f"--language must be a language of the settings, not {language!r}",
            hint=f"use one of: {', '.join(flow.languages)}",
        )
    document = static_document(flow, language or flow.languages[0])
    if "<Dial" not in document:
        click.echo("Warning: no number of a person is known, so callers hear an apology and the goodbye", err=True)
        click.echo("  hint: set operator_number to the number of a person", err=True)
    if output is None:
        click.echo(document)
        return
    try:
        output.write_text(f"{document}\n", encoding="utf-8")
    except OSError as error:
        raise IvrkitError(f"{output} can't be written: {error.strerror}", hint="choose another --output") from error
    click.echo(f"Written: {output}", err=True)


def _load_flow(settings: Settings) -> CallFlow:
    """Return the phone tree of safe mode. The setting ``operator_number`` has priority over the setting ``operator``.

    :param settings: the settings, with ``safe``.
    """
    return load(replace(settings, operator=None) if settings.operator_number else settings).flow


def static_document(flow: CallFlow, language: str) -> str:
    """Return a TwiML document that needs no host.

    The document has no URL of the host: it asks for no input, and no verb has an ``action``. If a person answers the
    ``Dial`` and hangs up, Twilio continues behind the ``Dial``, so only the goodbye stands there.

    :param flow: the phone tree of safe mode.
    :param language: the tag of a language of calls.
    """
    response = ElementTree.Element("Response")
    # The menu of safe mode says the apology and, if there is no operator, the goodbye.
    for name in ("greeting", "menu"):
        response.extend(_prompts(_verbs_of(flow, name, language)))
    if flow.operator is not None:
        response.extend(_transfer(flow, language))
        response.extend(_parse(flow.core_prompts[language]["goodbye"].xml))
    ElementTree.SubElement(response, "Hangup")
    ElementTree.indent(response)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(response, encoding="unicode")


def _transfer(flow: CallFlow, language: str) -> list[ElementTree.Element]:
    """Return the prompts and the ``Dial`` of the first state that rings a phone. The operator comes first.

    :returns: the verbs, or an empty list if no state rings a phone.
    """
    for name in dict.fromkeys((str(flow.operator), *flow.states)):
        verbs = _verbs_of(flow, name, language)
        dial = verbs.find("Dial")
        nouns = [] if dial is None else [each for each in dial if each.tag in _NOUNS]
        if dial is not None and nouns:
            attributes = {key: value for key, value in dial.attrib.items() if key in _DIAL_ATTRIBUTES}
            static_dial = ElementTree.Element("Dial", attributes)
            for noun in nouns:
                # Without its attributes: a whisper is a URL of the host.
                ElementTree.SubElement(static_dial, noun.tag).text = noun.text
            return [*_prompts(verbs), static_dial]
    return []


def _verbs_of(flow: CallFlow, name: str, language: str) -> ElementTree.Element:
    """Return a ``Response`` with the verbs of a state. It is empty if a function makes the verbs."""
    content = flow.states[name].localized[language].content
    return _parse(content.xml if content else b"")


def _parse(verbs: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(b"<Response>%b</Response>" % verbs)  # noqa: S314  verbs that ivrkit rendered


def _prompts(verbs: ElementTree.Element) -> list[ElementTree.Element]:
    """Return the prompts among verbs, without a ``Play`` of a file on the host."""
    return [each for each in verbs if each.tag in _PROMPTS and not _is_on_host(each)]


def _is_on_host(verb: ElementTree.Element) -> bool:
    return verb.tag == "Play" and "digits" not in verb.attrib and not urlsplit((verb.text or "").strip()).scheme
