"""Appointments by phone: patients hear, confirm and cancel them, or ask for a call back."""
