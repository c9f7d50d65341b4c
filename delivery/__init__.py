"""Paper tickets to the seven offices: consignments, labels, tracking, receipt.

Never holds money: it asks the ledger to add a charge. Doors: services, queries, access, models, errors, permissions. The room
is empty: it pulls ticketed paper reservations without a consignment from booking when it is furnished.
"""
