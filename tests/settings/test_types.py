"""The public setting types: each reads valid values, refuses others, and has a schema that agrees."""

import jsonschema
import pytest

import ivrkit.settings
from ivrkit.settings import (
    AccountSid,
    ConnectionOverrides,
    Keys,
    LanguageTag,
    NonEmptyText,
    PhoneNumber,
    PluginName,
    Seconds,
    StateName,
    TimeZone,
    Token,
    Url,
    UrlPath,
    Voice,
)
from ivrkit.settings.convert import convert
from ivrkit.settings.describe import example_of, in_words
from ivrkit.settings.json_schema import SchemaMaker

SID = "AC" + "0123456789abcdefABCDEF0123456789"
TYPES = (
    *(AccountSid, ConnectionOverrides, Keys, LanguageTag, NonEmptyText, PhoneNumber, PluginName),
    *(Seconds, StateName, TimeZone, Token, Url, UrlPath, Voice),
)


def in_short(parameter):
    """Return the name of a parameter in the list of tests."""
    return in_words(parameter) if parameter in TYPES else repr(parameter)


def is_valid(annotation, value):
    """Return whether a value is valid for the converter, and for the schema."""
    _, problems = convert(value, annotation, ("name",))
    return problems == [], jsonschema.Draft7Validator(SchemaMaker({}, "").of(annotation)).is_valid(value)


@pytest.mark.parametrize(
    ("annotation", "value", "kept"),
    [
        (AccountSid, SID, SID),
        (ConnectionOverrides, "rc=2&rp=ct,5xx", "rc=2&rp=ct,5xx"),
        (ConnectionOverrides, "", ""),
        (Keys, "12*#", "12*#"),
        (LanguageTag, "es-MX", "es-MX"),
        (LanguageTag, "es_MX", "es-MX"),
        (NonEmptyText, "a", "a"),
        (PhoneNumber, "+14155550100", "+14155550100"),
        (PhoneNumber, "+1 (415) 555-0100", "+14155550100"),
        (PhoneNumber, "+43 1 234.56.78", "+4312345678"),
        (PluginName, "acme-states", "acme-states"),
        (Seconds, 1, 1),
        (StateName, "menu", "menu"),
        (TimeZone, "Europe/Vienna", "Europe/Vienna"),
        (Token, "sesame", "sesame"),
        (Url, "https://ivr.example.com/a/", "https://ivr.example.com/a"),
        (UrlPath, "/phone", "/phone"),
        (UrlPath, "", ""),
        (Voice, "Polly.Joanna", "Polly.Joanna"),
    ],
    ids=in_short,
)
def test_a_valid_value_is_kept_in_its_final_form(annotation, value, kept):
    """A valid value is kept, in the form that Twilio or the core needs."""
    assert convert(value, annotation, ("name",)) == (kept, [])
    assert is_valid(annotation, value) == (True, True)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (AccountSid, "AC1"),
        (ConnectionOverrides, "rc=9"),
        (Keys, ""),
        (Keys, "1a"),
        (LanguageTag, "spanish"),
        (NonEmptyText, " "),
        (PhoneNumber, "4155550100"),
        (PhoneNumber, "+"),
        (PhoneNumber, "+1-800-FLOWERS"),
        (PhoneNumber, "+1 415 555 0100 ext 5"),
        (PhoneNumber, "tel:+14155550100"),
        (PluginName, ""),
        (Seconds, 0),
        (Seconds, 1.5),
        (StateName, ""),
        (TimeZone, ""),
        (Token, " "),
        (Url, "ivr.example.com"),
        (Url, "https://ivr.example.com/?a=1"),
        (UrlPath, "phone"),
        (Voice, ""),
    ],
    ids=in_short,
)
def test_an_invalid_value_is_refused(annotation, value):
    """The converter and the schema refuse the same values."""
    assert is_valid(annotation, value) == (False, False)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(PhoneNumber, "+999123"), (PhoneNumber, "+1234567890123456"), (TimeZone, "Mars/Olympus")],
    ids=in_short,
)
def test_a_schema_does_not_know_countries_and_zones(annotation, value):
    """A number of a country that does not exist, or an unknown time zone, is refused by the converter only."""
    assert is_valid(annotation, value) == (False, True)


@pytest.mark.parametrize("annotation", TYPES, ids=in_words)
def test_the_example_of_a_type_is_valid(annotation):
    """A hint never shows an invalid example."""
    assert is_valid(annotation, example_of(annotation)) == (True, True)


def test_the_names_of_the_room_are_sorted_and_true():
    """``ivrkit.settings`` lists its public names in order, and has each of them."""
    assert ivrkit.settings.__all__ == sorted(ivrkit.settings.__all__)
    assert all(hasattr(ivrkit.settings, name) for name in ivrkit.settings.__all__)
