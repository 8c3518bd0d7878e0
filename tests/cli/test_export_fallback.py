"""``ivrkit export-fallback``: the file is valid TwiML, needs no host, and connects the caller to a person."""

from xml.etree import ElementTree

import pytest

from ivrkit.simulator import Simulator

DOCUMENT = """\
<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say language="en-US">Thank you for calling ACME.</Say>
  <Say language="en-US">We are sorry, something went wrong.</Say>
  <Say language="en-US">One moment, please.</Say>
  <Dial timeout="20" timeLimit="7200">
    <Number>+14155550100</Number>
  </Dial>
  <Say language="en-US">Goodbye.</Say>
  <Hangup />
</Response>
"""
WITHOUT_NUMBER = (
    "Warning: no number of a person is known, so callers hear an apology and the goodbye\n"
    "  hint: set operator_number to the number of a person\n"
)
DESK = """
operator = "desk"
[states.desk]
kind = "transfer"
numbers = ["+15550100", "client:ann", "sip:desk@example.com"]
text = ["Please wait.", {play = "music.mp3"}, {play = "https://static.example.com/a.mp3"}]
timeout = 30
whisper = "A call."
accept = "1"
routes = { no-answer = "box" }
[states.box]
kind = "voicemail"
"""


@pytest.fixture(autouse=True)
def no_plugins(alone):
    """Hide all other installed plugins."""


@pytest.fixture
def call():
    """Return a function that calls a number whose webhook is a static file."""

    def call(document):
        def static_host(environ, start_response):
            is_file = environ["PATH_INFO"] == "/fallback.xml"
            start_response("200 OK" if is_file else "404 Not Found", [("Content-Type", "text/xml")])
            return [document.encode() if is_file else b""]

        return Simulator.for_app(static_host, "/fallback.xml").call()

    return call


def test_the_operator_number_is_dialled(ivrkit, folder, call):
    """The file has the company's words and dials ``operator_number``. It plays without a warning and without a host."""
    (folder / "ivrkit.toml").write_text('company = "ACME"\noperator_number = "+1 415 555 0100"\n', encoding="utf-8")
    result = ivrkit("export-fallback")
    assert (result.stdout, result.stderr, result.exit_code) == (DOCUMENT, "", 0)
    for refuse in (False, True):
        caller = call(result.stdout)
        callee = caller.callee_at("+14155550100")
        if refuse:
            callee.is_busy()
        else:
            callee.answers()
            caller.callee.hangs_up()
        assert caller.heard_last == "Goodbye."
        assert caller.ended
        assert caller.warnings == []
        assert len(caller.responses) == 1


def test_the_file_dials_the_toml_state_of_the_operator(ivrkit, folder, call):
    """A TOML state of the kind ``transfer`` is dialled, without its whisper, its routes and its relative URLs."""
    (folder / "ivrkit.toml").write_text(DESK, encoding="utf-8")
    result = ivrkit("export-fallback", "--output", "fallback.xml")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "Written: fallback.xml\n", 0)
    document = (folder / "fallback.xml").read_text(encoding="utf-8")
    root = ElementTree.fromstring(document)
    dial = root.find("Dial")
    assert dial.attrib == {"timeout": "30", "timeLimit": "7200"}
    assert [(each.tag, each.text, each.attrib) for each in dial] == [
        ("Number", "+15550100", {}),
        ("Client", "ann", {}),
        ("Sip", "sip:desk@example.com", {}),
    ]
    assert [each.text for each in root.iter("Play")] == ["https://static.example.com/a.mp3"]
    assert "webhook" not in document
    caller = call(document)
    caller.callee_at("+15550100").answers().callee.hangs_up()
    assert caller.ended
    assert caller.warnings == []


def test_the_number_has_priority_over_a_toml_state(ivrkit, folder):
    """``operator_number`` is dialled even if the setting ``operator`` names a TOML state."""
    (folder / "ivrkit.toml").write_text('operator_number = "+14155550100"' + DESK, encoding="utf-8")
    assert "<Number>+14155550100</Number>" in ivrkit("export-fallback").stdout


def test_the_state_behind_the_operator_is_dialled(ivrkit, folder):
    """If the operator itself dials nobody, the first TOML state behind it that rings a phone is dialled."""
    (folder / "ivrkit.toml").write_text(
        """
        operator = "hours"
        [states.hours]
        kind = "hours"
        monday = ""
        then = "desk"
        [states.desk]
        kind = "transfer"
        numbers = "+15550100"
        """,
        encoding="utf-8",
    )
    assert "<Number>+15550100</Number>" in ivrkit("export-fallback").stdout


@pytest.mark.parametrize("operator", ["", 'operator = "box"\n[states.box]\nkind = "voicemail"\n'])
def test_without_a_number_the_caller_hears_the_goodbye(ivrkit, folder, call, operator):
    """If no setting has a number, the command warns, and callers hear an apology and the goodbye."""
    (folder / "ivrkit.toml").write_text(operator, encoding="utf-8")
    result = ivrkit("export-fallback")
    assert (result.stderr, result.exit_code) == (WITHOUT_NUMBER, 0)
    caller = call(result.stdout)
    assert caller.heard == "Thank you for calling our company.\nWe are sorry, something went wrong.\nGoodbye."
    assert caller.ended
    assert caller.warnings == []


def test_the_language_can_be_chosen(ivrkit, folder):
    """``--language`` chooses a language of the settings."""
    (folder / "ivrkit.toml").write_text('languages = "es-MX"\n', encoding="utf-8")
    assert '<Say language="es-MX">Lo sentimos' in ivrkit("export-fallback", "--language", "es-MX").stdout
    refused = ivrkit("export-fallback", "--language", "fr")
    assert (refused.stdout, refused.exit_code) == ("", 1)
    assert refused.stderr == (
        "Error: --language must be a language of the settings, not 'fr'\n  hint: use one of: en-US, es-MX\n"
    )


def test_no_plugin_is_imported(ivrkit, install, folder):
    """The command works on the day when a plugin cannot be imported."""
    install("broken", "1.0", "[ivrkit.states]\nbroken = broken_module:x\n", broken_module="1 / 0\n")
    assert ivrkit("export-fallback").exit_code == 0


def test_a_file_that_cannot_be_written(ivrkit, folder):
    """If the file can't be written, the error names the file."""
    refused = ivrkit("export-fallback", "--output", "missing/fallback.xml")
    assert refused.exit_code == 1
    assert refused.stderr.endswith(
        "Error: missing/fallback.xml can't be written: No such file or directory\n  hint: choose another --output\n"
    )
