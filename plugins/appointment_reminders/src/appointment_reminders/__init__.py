"""Appointments by phone: patients hear, confirm or cancel their appointments, or ask for a call back."""
