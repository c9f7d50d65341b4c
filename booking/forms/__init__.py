"""Forms of bookings, by subject: shape only; the rules stand in the services."""
