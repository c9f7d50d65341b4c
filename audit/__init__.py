"""The log: append-only events, refused access, outgoing mail as an outbox that is also the mail log.

Never holds anything about trips. Doors: services, queries, access, models, changes, errors, permissions.
"""
