"""The Flask host: takes Twilio's webhooks and answers with TwiML."""

from ivrkit.web.app import create_app, served_app
from ivrkit.web.extension import Ivrkit
from ivrkit.web.log_format import JsonFormatter

__all__ = ["Ivrkit", "JsonFormatter", "create_app", "served_app"]
