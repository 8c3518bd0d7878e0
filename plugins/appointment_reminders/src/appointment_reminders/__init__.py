"""Appointments by telephone: hear, confirm, cancel and move them."""
