"""Everything that waits for a person: approvals, the operator desk, inquiries, incidents, registers.

Never holds supplier protocols. Doors: services, queries, access, models, errors, permissions. The room is empty: approval is
an option per office and off, so that submitting a trip releases it.
"""
