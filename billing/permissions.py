"""Actions of this room; who may do them stands in `accounts.permissions`."""

READ_PERIODS = "billing.period.read"
CLOSE_PERIODS = "billing.period.close"
READ_INVOICES = "billing.invoice.read"
READ_USAGE = "billing.usage.read"
READ_CHARGES = "billing.charge.read"
CORRECT_CHARGES = "billing.charge.correct"
ISSUE_INVOICES = "billing.invoice.issue"
