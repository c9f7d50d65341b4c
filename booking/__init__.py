"""Places, tariffs, search, trips, reservations, the ledger (charges), feeds, suppliers.

Never holds approvals, invoices or months. Doors: services, queries, access, models, errors, permissions.
"""
