"""What everybody knows at the end, as plain values: the suppliers, the portal, the ledger, the mails, the log."""

import datetime as dt
import email
import email.policy
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.models import Event, OutgoingMail
from billing.models import InvoiceLine
from billing.queries import open_charges
from booking.models import (
    Change,
    Charge,
    FeedRow,
    RefundClaim,
    Reservation,
    Segment,
    StayNight,
    SupplierCall,
    Trip,
)
from lib import clock

EVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Supplied:
    """A booking as its supplier has it. `cost` is what it finally costs, in yen; None while a stay is still to come.

    `made` and `until` bound what is held for a time only.
    """

    supplier: str
    number: str
    reference: str
    state: str
    price: int
    cost: int | None
    made: dt.datetime = EVER
    until: dt.datetime | None = None

    @property
    def live(self) -> bool:
        return self.state not in {"cancelled", "expired"}


@dataclass(frozen=True)
class Booking:
    """A reservation as the portal has it. `charged` is the sum of its charges, `beside` of those for changing and handling.

    `kept` is what its supplier keeps of it, once it was given back; `early`: its moment has not come yet.
    """

    id: str
    trip: str
    reference: str
    supplier: str
    way: str
    state: str
    number: str
    price: int | None
    problem: str
    charged: int
    open_calls: int = 0
    ticketable: bool = False
    early: bool = False
    kept: int = 0
    beside: int = 0


@dataclass(frozen=True)
class TripFact:
    """A trip as the portal has it."""

    id: str
    number: str
    state: str
    authorised: int | None


@dataclass(frozen=True)
class ChangeFact:
    """A change as the portal has it: `old` and `new` are bookings; an exchange stays within the old one."""

    id: str
    trip: str
    old: str
    new: str
    kind: str
    state: str
    max_cost: int | None
    max_fee: int | None


@dataclass(frozen=True)
class ClaimFact:
    """Money owed for a booking, as the portal has it."""

    id: str
    booking: str
    state: str
    expected: int


@dataclass(frozen=True)
class EventFact:
    """An event: in the order of `seq`."""

    seq: int
    code: str
    objects: tuple[str, ...]
    data: Mapping[str, Any]


@dataclass(frozen=True)
class MailFact:
    """A mail of the outbox; `delivered` counts what arrived, `queued` is its event's place in the log."""

    id: str
    kind: str
    about: str
    body: str
    state: str
    delivered: int
    queued: int


@dataclass(frozen=True)
class ChargeFact:
    """A charge, and whether an event tells of it."""

    id: int
    amount: int
    own: bool
    told: bool


@dataclass
class Facts:
    """All of it. `confirmed` are the trips of which somebody was told that they are taken care of.

    `at_the_desk` are the rows of usage files that an operator has before them as 要確認, each as "trip number, number".
    """

    supplied: list[Supplied] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    trips: list[TripFact] = field(default_factory=list)
    changes: list[ChangeFact] = field(default_factory=list)
    claims: list[ClaimFact] = field(default_factory=list)
    events: list[EventFact] = field(default_factory=list)
    mails: list[MailFact] = field(default_factory=list)
    charges: list[ChargeFact] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)
    unbilled: list[int] = field(default_factory=list)
    live_parts: list[tuple[str, int]] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    at_the_desk: list[str] = field(default_factory=list)


WIRE = {"jal-online": "jal_online", "yado-net": "yado_net", "ex": "ex"}
TICKETABLE = frozenset({"jal_online"})
BESIDE = frozenset({"change_fee", "handling"})


def collect(truth: Mapping[str, Any], confirmed: list[str], mail_folder: Path) -> Facts:
    """Everything, out of the sandbox's ground truth, the database and the delivered mails."""
    delivered = _delivered(mail_folder)
    mails = _mails(delivered)
    return Facts(
        supplied=_supplied(truth),
        bookings=_bookings(),
        trips=[TripFact(str(row.public_id), row.number, row.state, row.authorised_total) for row in Trip.objects.all()],
        changes=_changes(),
        claims=[
            ClaimFact(str(row.public_id), str(row.reservation.public_id), row.state, row.expected)
            for row in RefundClaim.objects.select_related("reservation")
        ],
        events=_events(),
        mails=mails,
        charges=_charges(),
        lines=list(InvoiceLine.objects.values_list("charge_id", "amount")),
        unbilled=list(open_charges().values_list("pk", flat=True)),
        live_parts=_live_parts(),
        confirmed=confirmed,
        at_the_desk=_at_the_desk(),
        strangers=sorted(set(delivered) - {f"<{mail.id}@portal>" for mail in mails}),
    )


def _supplied(truth: Mapping[str, Any]) -> list[Supplied]:
    now = dt.datetime.fromisoformat(truth["now"])
    found = []
    for row in truth["jal-online"]["bookings"]:
        cost = row["price_yen"] if row["state"] == "ticketed" else 0
        cost = row["cancellation"]["fee_yen"] if row["cancellation"] else cost
        made, until = (dt.datetime.fromisoformat(row[name]) for name in ("booked_at", "hold_until"))
        known = row["pnr"], row["reference"], row["state"], row["price_yen"]
        found.append(Supplied("jal_online", *known, cost, made, until))
    for row in truth["yado-net"]["itineraries"]:
        billed = row["total_yen"] if row["local_tax_payment"] == "corporate_billing" else row["price_yen"]
        over = dt.date.fromisoformat(row["check_out"]) <= now.date()
        cost = row["cancellation"]["fee_yen"] if row["cancellation"] else billed if over else None
        found.append(Supplied("yado_net", row["itinerary_id"], row["reference"], row["state"], billed, cost))
    sums: Counter[str] = Counter()
    for row in truth["ex"]["operations"]:
        sums[str(row["booking"])] += row["amount_yen"]
    for row in truth["ex"]["bookings"]:
        price, cost = row["ride"]["price_yen"], sums[str(row["key"])]
        found.append(Supplied("ex", row["number"], row["trip_no"], row["state"], price, cost))
    return found


def _bookings() -> list[Booking]:
    charged: Counter[int] = Counter()
    beside: Counter[int] = Counter()
    rows = Charge.objects.exclude(reservation=None)
    for key, amount, kind, first in rows.values_list("reservation_id", "amount", "kind", "origin__kind"):
        charged[key] += amount
        beside[key] += amount if {kind, first} & BESIDE else 0
    calls = Counter(SupplierCall.objects.exclude(state="done").values_list("reservation_id", flat=True))
    return [
        Booking(
            id=str(row.public_id),
            trip=str(row.trip.public_id),
            reference=row.reference,
            supplier=row.supplier,
            way=row.way,
            state=row.state,
            number=row.number,
            price=row.price,
            problem=row.problem,
            charged=charged[row.pk],
            open_calls=calls[row.pk],
            ticketable=row.supplier in TICKETABLE,
            early=row.not_before is not None and row.not_before > clock.now(),
            kept=row.cancel_fee or 0,
            beside=beside[row.pk],
        )
        for row in Reservation.objects.select_related("trip").order_by("pk")
    ]


def _changes() -> list[ChangeFact]:
    rows = Change.objects.select_related("reservation__trip", "replacement")
    return [
        ChangeFact(
            id=str(row.public_id),
            trip=str(row.reservation.trip.public_id),
            old=str(row.reservation.public_id),
            new=str((row.replacement or row.reservation).public_id),
            kind=row.kind,
            state=row.state,
            max_cost=row.max_cost,
            max_fee=row.max_fee,
        )
        for row in rows.order_by("pk")
    ]


def _events() -> list[EventFact]:
    found = []
    for seq, code, canonical in Event.objects.order_by("seq").values_list("seq", "code", "canonical"):
        said = json.loads(bytes(canonical))
        about = tuple(str(each[1]) for each in said.get("objects", ()))
        found.append(EventFact(seq, code, about, said.get("data", {})))
    return found


def _mails(delivered: Mapping[str, int]) -> list[MailFact]:
    queued: dict[str, int] = {}
    for event in Event.objects.filter(code="audit.mail.queued").prefetch_related("about"):
        queued |= {str(each.object_id): event.seq for each in event.about.all() if each.type == "audit.outgoingmail"}
    return [
        MailFact(
            str(row.public_id), row.kind, str(row.about_id), row.body, row.state,
            delivered.get(f"<{row.public_id}@portal>", 0), queued.get(str(row.public_id), 0),
        )
        for row in OutgoingMail.objects.order_by("pk")
    ]  # fmt: skip


def _delivered(folder: Path) -> Mapping[str, int]:
    """How often each mail arrived, by Message-ID."""
    found: Counter[str] = Counter()
    for path in folder.glob("*.log") if folder.exists() else ():
        for part in path.read_bytes().split(b"-" * 79):
            message = email.message_from_bytes(part.lstrip(), policy=email.policy.default)
            if message["Message-ID"]:
                found[str(message["Message-ID"])] += 1
    return found


def _charges() -> list[ChargeFact]:
    told: set[str] = set()
    codes = [f"booking.charge.{word}" for word in ("added", "reversed", "corrected", "transferred")]
    for event in Event.objects.filter(code__in=codes).prefetch_related("about"):
        told |= {str(each.object_id) for each in event.about.all() if each.position == 0}
    rows = Charge.objects.select_related("reservation")
    return [
        ChargeFact(
            row.pk, row.amount, row.reservation is not None and row.reservation.settlement == "self",
            str(row.public_id) in told,
        )
        for row in rows
    ]  # fmt: skip


def _at_the_desk() -> list[str]:
    rows = FeedRow.objects.filter(state="unmatched").values_list("fields", "number")
    return [f"{value}, {number}" for fields, number in rows for value in fields.values()]


def _live_parts() -> list[tuple[str, int]]:
    """How many live rides or nights each wish has, by item and place or day."""
    counts: dict[str, int] = defaultdict(int)
    for item, position, outgoing in Segment.objects.filter(live=True).values_list("item", "position", "outgoing"):
        counts[f"ride {item}/{position}{' outgoing' if outgoing else ''}"] += 1
    for item, day, outgoing in StayNight.objects.filter(live=True).values_list("item", "date", "outgoing"):
        counts[f"night {item}/{day}{' outgoing' if outgoing else ''}"] += 1
    return sorted(counts.items())
