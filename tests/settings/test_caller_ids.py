"""The keys of the settings ``callers`` and ``numbers``: each form that a caller can have, and no other."""

import jsonschema
import pytest

from ivrkit import Settings, SettingsError
from ivrkit.settings import StartSettings
from ivrkit.settings.caller_ids import CalledId, CallerId, read_called_id, read_caller_id
from ivrkit.settings.json_schema import SchemaMaker

MENU = {"start": "menu"}
CALLER = "a caller must be a phone number such as +14155550100, client:NAME, sip:USER@HOST or anonymous, not"
CALLED = "a called number must be a phone number such as +14155550100, client:NAME, sip:USER@HOST, not"
WITH_PLUS = "begin the number with + and its country code, as in +1 415 555 0100"
AS_SENT = "write it as Twilio sends it, such as +14155550100, client:ann or sip:ann@example.com"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+14155550123", "+14155550123"),
        ("+1 (415) 555-0123", "+14155550123"),
        ("+14155550123 ", "+14155550123"),
        ("+44 20 7183 8750", "+442071838750"),
        ("1001", "1001"),
        ("client:ann", "client:ann"),
        ("sip:bob@PBX.example.com", "sip:bob@pbx.example.com"),
    ],
)
def test_a_number_is_kept_as_twilio_sends_it(written, kept):
    """A number is converted to E.164, and an address to lower case, so that the caller is found."""
    settings = Settings(callers={written: MENU}, numbers={written: MENU})
    assert settings.callers == settings.numbers == {kept: StartSettings("menu")}
    for annotation in (CallerId, CalledId):
        assert jsonschema.Draft7Validator(SchemaMaker({}, "").of(annotation)).is_valid(written)


@pytest.mark.parametrize("written", ["anonymous", "Anonymous", "Restricted", "+266696687", "sip:anonymous@host"])
def test_a_withheld_number_is_one_word(written):
    """Each form of a withheld number is the caller ``anonymous``."""
    assert Settings(callers={written: MENU}).callers == {"anonymous": StartSettings("menu")}


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("nobody at all", AS_SENT),
        ("14155550123", WITH_PLUS),
        ("4155550123", WITH_PLUS),
        ("(415) 555-0123", WITH_PLUS),
        ("+1415", AS_SENT),
        ("+1 415 555 0123 4567 8901", AS_SENT),
        ("sip:bob", AS_SENT),
        ("client:", AS_SENT),
        ("", AS_SENT),
    ],
)
def test_a_value_that_no_caller_can_have(written, hint):
    """A value that Twilio never sends is refused at start. Without ``+`` the country of a number is not known."""
    for setting, message in (("callers", CALLER), ("numbers", CALLED)):
        with pytest.raises(SettingsError) as caught:
            Settings(**{setting: {written: MENU}})
        assert caught.value.message == f"Settings: {setting}: {message} {written!r}"
        assert caught.value.hint == hint


def test_a_misspelled_word():
    """A misspelled word for a withheld number is named. A withheld number cannot be called."""
    with pytest.raises(SettingsError, match=r"not 'anonymus', did you mean 'anonymous'\?"):
        read_caller_id("anonymus")
    with pytest.raises(SettingsError, match=r"a called number must be .* not 'anonymous'"):
        read_called_id("anonymous")
    assert read_caller_id("Blocked") == "anonymous"
    assert read_called_id("+1 415 555 0123") == "+14155550123"


def test_two_keys_for_one_caller():
    """Two keys for the same caller are a problem, because only one of them could be used."""
    with pytest.raises(SettingsError) as caught:
        Settings(callers={"anonymous": MENU, "Restricted": MENU})
    message = "Settings: callers: 'Restricted' is in the table twice, as 'anonymous'"
    assert (caught.value.message, caught.value.hint) == (message, "remove one")


@pytest.mark.parametrize("written", ["100", " 00 12 "])
def test_an_extension_cannot_be_dialled(written):
    """Short numbers call in from a PBX, but Twilio cannot dial them."""
    with pytest.raises(SettingsError) as caught:
        Settings(operator_number=written)
    assert str(caught.value) == (
        "Settings: operator_number: a number to dial must be a phone number such as +14155550100, client:NAME, "
        f"sip:USER@HOST, not {written!r}\n  hint: begin the number with + and its country code, as in +1 415 555 0100"
    )
