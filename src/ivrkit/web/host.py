"""What a mounted tree was made of."""

from __future__ import annotations

from dataclasses import dataclass

from ivrkit.plugins import Loaded
from ivrkit.sessions import SessionStore
from ivrkit.settings import Settings


@dataclass(frozen=True)
class Host:
    """What a tree was made of: ``app.extensions["ivrkit"]``, or the name that it was mounted under.

    :param settings: its settings.
    :param loaded: its call flow and plugins.
    :param store: where its calls are kept.
    """

    settings: Settings
    loaded: Loaded
    store: SessionStore
