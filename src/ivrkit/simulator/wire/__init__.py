"""Twilio as an HTTP client: signed requests, redirects, retries, cookies and transports."""
