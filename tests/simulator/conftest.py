"""What the tests of the simulator share."""

from pathlib import Path

import pytest


@pytest.fixture
def certificates():
    """Where the certificates of the tests are, each with its key: nothing but these tests ever trusts them."""
    return Path(__file__).parent / "certificates"
