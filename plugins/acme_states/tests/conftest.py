"""A phone to Acme's tree, by the fixtures that ivrkit brings."""

import pytest


@pytest.fixture
def phone(make_phone):
    """Return a phone to the host with this package alone."""
    return make_phone(plugins=["acme-states"], company="ACME", timezone="America/New_York")
