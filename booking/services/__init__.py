"""Verbs and drivers on bookings, each in the module of its subject."""
