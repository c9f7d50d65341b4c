"""Feeds for the operator's pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from booking.models import Feed, FeedRow, FeedRowState
from lib.actor import Actor
from lib.tables import page_of


def feed_list(actor: Actor) -> Sequence[Feed]:
    """The last hundred files, with how many rows need a person."""
    rows = Feed.objects.visible_to(actor).select_related("connection", "uploaded_by").defer("content")
    open_rows = Count("rows", filter=Q(rows__state__in=[FeedRowState.UNMATCHED, FeedRowState.BAD]))
    return list(rows.annotate(row_count=Count("rows"), open_count=open_rows)[:100])


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One file: counts by what became of the rows, and a page of rows."""

    counts: Sequence[tuple[str, str, int]]
    state: str
    rows: Any


def feed_page(feed: Feed, params: Mapping[str, Any]) -> FeedPage:
    """The rows of a file, those of `params["state"]` only when it is a state, on the page asked for."""
    counted = dict(FeedRow.objects.filter(feed=feed).values_list("state").annotate(Count("pk")))
    rows = FeedRow.objects.filter(feed=feed).select_related("reservation__trip")
    state = str(params.get("state", ""))
    chosen = state if state in FeedRowState.values else ""
    if chosen:
        rows = rows.filter(state=chosen)
    counts = [(each.value, str(each.label), counted.get(each.value, 0)) for each in FeedRowState]
    return FeedPage(counts, chosen, page_of(rows, params))
