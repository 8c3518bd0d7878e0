"""Finds out why a host is not well: its settings, plugins, store and clock, and what lies between Twilio and it."""

from ivrkit.doctor.examination import examine
from ivrkit.doctor.findings import FAILED, OK, WARNING, Finding

__all__ = ["FAILED", "OK", "WARNING", "Finding", "examine"]
