"""Nouns for the auditor's pages."""

from audit.queries.events import EventLine, event_lines, events, history_of, kinds

__all__ = ["EventLine", "event_lines", "events", "history_of", "kinds"]
