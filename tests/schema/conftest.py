"""An empty working folder for each test, without settings in the environment."""

from tests.plugins.conftest import clean_place, install  # noqa: F401  fixtures are found by their names
