"""A separate program that plays suppliers of business travel, with faults on demand. See README.md."""
