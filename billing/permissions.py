"""Actions of this room; who may do them stands in `accounts.permissions`."""

READ_PERIODS = "billing.period.read"
CLOSE_PERIODS = "billing.period.close"
READ_INVOICES = "billing.invoice.read"
READ_USAGE = "billing.usage.read"
READ_LEDGER = "billing.ledger.read"
