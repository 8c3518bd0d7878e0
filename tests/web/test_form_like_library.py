"""The form that is passed to twilio's validator gets the same signatures as werkzeug's form."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from ivrkit.web.request_verifier import _Form

URL = "https://ivr.example.com/webhook"
pairs = st.lists(st.tuples(st.sampled_from(["Digits", "From", "To", "a", "A", ""]), st.text(max_size=3)), max_size=6)


@settings(deadline=None)
@given(pairs)
def test_the_signature_is_the_same(fields):
    """Repeated, empty and missing parameters get the same signature in both forms."""
    form = MultiDict(fields)
    validator = RequestValidator("12345")
    signature = validator.compute_signature(URL, form)
    assert validator.compute_signature(URL, _Form(form.lists())) == signature
    assert validator.validate(URL, _Form(form.lists()), signature)
