"""People and what they may do: users, offices, contract, roles, approvers, proxies, member numbers, sign-in.

Never holds bookings. Doors: services, queries, access, models, errors, permissions.
"""
