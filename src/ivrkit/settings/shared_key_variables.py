"""The environment variables of shared keys: a prefix, followed by the id of the key."""

from __future__ import annotations

from ivrkit.errors import SettingsError
from ivrkit.settings.describe import example_of, in_words
from ivrkit.settings.types import SHARED_KEY_ID, SharedKeyId

#: The prefix of the variable of a shared key. The id follows as Twilio writes it: upper and lower case are kept.
SHARED_KEYS_PREFIX = "IVRKIT_SHARED_KEYS__"


def shared_key_of_variable(variable: str, text: str) -> tuple[str, str]:
    """Return the id and the secret of a shared key.

    :param variable: the name of the variable, which begins with :data:`SHARED_KEYS_PREFIX`.
    :param text: the value of the variable.
    :raises SettingsError: if the id is invalid or the secret is empty. The error does not contain the value.
    """
    key, secret = variable.removeprefix(SHARED_KEYS_PREFIX), text.strip()
    if not SHARED_KEY_ID.fullmatch(key):
        raise SettingsError(
            f"the name of a variable must be {SHARED_KEYS_PREFIX} and {in_words(SharedKeyId)}, not {variable}",
            hint=f"write the id as Twilio shows it: {SHARED_KEYS_PREFIX}{example_of(SharedKeyId)}",
        )
    if not secret:
        raise SettingsError(
            f"{variable} must be the secret of a shared key, not empty",
            hint="set it to the secret that Twilio showed when the key was created, or unset the variable",
        )
    return key, secret
