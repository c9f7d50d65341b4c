"""Adapters: one file per supplier. No ORM, no settings, no templates; the connection is passed in."""
