"""The Flask host: receives Twilio's webhooks and responds with TwiML."""

from ivrkit.host.logging_setup import JsonFormatter
from ivrkit.web.app import create_app, create_server_app
from ivrkit.web.extension import Ivrkit
from ivrkit.web.handover import with_deadlines

__all__ = ["Ivrkit", "JsonFormatter", "create_app", "create_server_app", "with_deadlines"]
