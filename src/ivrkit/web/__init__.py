"""The Flask host: takes Twilio's webhooks and answers with TwiML."""

from ivrkit.host.logging_setup import JsonFormatter
from ivrkit.web.app import create_app, served_app
from ivrkit.web.extension import Ivrkit

__all__ = ["Ivrkit", "JsonFormatter", "create_app", "served_app"]
