"""Diagnosis of a signature with a shared key: the header, the id, the algorithm and the secret."""

from __future__ import annotations

from collections.abc import Iterator

from ivrkit.doctor.proxy_fixes import proxy_fixes
from ivrkit.doctor.results import CheckResult, failed
from ivrkit.settings.shared_key_variables import SHARED_KEYS_PREFIX
from ivrkit.simulator import SharedKey
from ivrkit.web.early_refusal import SIGNATURE_SETTINGS_HEADER
from ivrkit.web.shared_keys import matching_ids, others_in_words


def compare_shared_key(
    key: SharedKey, header: str | None, known_keys: tuple[str, ...] | None, version: str
) -> Iterator[CheckResult]:
    """Yield a failed result for each reason why an app cannot check a signature with a shared key.

    :param key: the shared key that signed the request.
    :param header: the header with the id and the algorithm as it arrived, or ``None`` if it did not arrive.
    :param known_keys: the ids in the settings of the app, or ``None`` if the app does not report them.
    :param version: the version of ivrkit in the app.
    """
    if known_keys is None:
        yield failed(
            "webhook",
            f"the app has ivrkit {version}, which does not know shared keys",
            "install the same version of ivrkit for the app as here",
        )
        return
    if header is None:
        yield failed("webhook", f"{SIGNATURE_SETTINGS_HEADER} did not arrive", *proxy_fixes("signature settings"))
    elif header != key.header:
        changed = f"{SIGNATURE_SETTINGS_HEADER} was changed from {key.header!r} to {header!r}"
        yield failed("webhook", changed, *proxy_fixes("signature settings"))
    if not matching_ids(key.id, known_keys):
        yield failed(
            "webhook",
            f"the app does not have the shared key {key.id!r}, {others_in_words(known_keys)}",
            f"set {SHARED_KEYS_PREFIX}{key.id} in the environment of the app to the secret of the key",
        )
