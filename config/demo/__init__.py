"""Demo data: invented people, trips and months, made through the services; refused in production."""
