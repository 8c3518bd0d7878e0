"""The Flask host: takes Twilio's webhooks and answers with TwiML."""

from ivrkit.web.app import create_app
from ivrkit.web.extension import Ivrkit

__all__ = ["Ivrkit", "create_app"]
