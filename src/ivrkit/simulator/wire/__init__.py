"""Twilio as an HTTP client: signed requests, redirects, retries, cookies, and the ways to reach an app."""
