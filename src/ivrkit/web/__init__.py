"""The Flask host: takes Twilio's webhooks and answers with TwiML."""

from ivrkit.web.app import create_app

__all__ = ["create_app"]
