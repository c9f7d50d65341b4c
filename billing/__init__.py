"""Closing by travel date, invoices per office, usage data for admins.

Never calls suppliers. Doors: services, queries, access, models, errors, permissions.
"""
