"""A simulated phone for ACME's phone tree."""

import pytest


@pytest.fixture
def phone(make_phone):
    """Return a phone that calls ACME's phone tree, without other plugins."""
    return make_phone(plugins=["acme-states"], company="ACME", timezone="America/New_York")
