"""Fixtures for the tests of the simulator."""

from pathlib import Path

import pytest


@pytest.fixture
def certificates():
    """Return the folder of the test certificates and their keys, which only these tests trust."""
    return Path(__file__).parent / "certificates"
