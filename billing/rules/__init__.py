"""Rules of billing that need no database: closing days, due dates, taxes, words of a line."""
