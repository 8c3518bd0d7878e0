"""The Flask host: takes Twilio's webhooks and answers with TwiML."""

from ivrkit.web.app import create_app, served_app
from ivrkit.web.extension import Ivrkit
from ivrkit.web.host import Host

__all__ = ["Host", "Ivrkit", "create_app", "served_app"]
