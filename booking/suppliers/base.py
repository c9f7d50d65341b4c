"""What an adapter can do: it has the protocols that fit, and nothing else."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, runtime_checkable

from booking.suppliers.types import (
    BadLine,
    Booked,
    BookWish,
    Cancelled,
    CancelQuote,
    Changed,
    ChangeQuote,
    CopyValue,
    FeedLine,
    Found,
    MoveAsk,
    Offer,
    Ride,
    StayAsk,
    Ticketed,
)


@runtime_checkable
class SearchesMoves(Protocol):
    """Answers a move with offers."""

    def search(self, ask: MoveAsk) -> list[Offer]: ...


@runtime_checkable
class SearchesStays(Protocol):
    """Answers nights with offers."""

    def search_stays(self, ask: StayAsk) -> list[Offer]: ...


@runtime_checkable
class Books(Protocol):
    """Books over HTTP. `costs_at` is the verb that costs money: ticket (air), book (rail) or stay (at check-out)."""

    costs_at: Literal["ticket", "book", "stay"]

    def book(self, wish: BookWish) -> Booked: ...

    def find(self, reference: str) -> list[Found]: ...

    def quote_cancel(self, number: str) -> CancelQuote: ...

    def cancel(self, number: str, *, max_fee: int) -> Cancelled: ...


@runtime_checkable
class Tickets(Protocol):
    """Tickets what it holds."""

    def ticket(self, number: str, *, max_yen: int) -> Ticketed: ...


@runtime_checkable
class Changes(Protocol):
    """Changes what it holds to another offer of its own, within one booking."""

    def quote_change(self, number: str, offer: Offer) -> ChangeQuote: ...

    def change(self, number: str, offer: Offer, *, max_cost: int) -> Changed: ...


@runtime_checkable
class HandsOff(Protocol):
    """Sends the person to the supplier's own site and takes the number back."""

    number_label: str
    number_hint: str

    def values(self, offer: Offer, *, trip_number: str, member: str, name: str) -> Sequence[CopyValue]: ...

    def check_number(self, text: str) -> str: ...


@runtime_checkable
class ByTimetable(Protocol):
    """Has no search of its own: trains of the timetable stand in as estimates."""

    seller: str

    def candidate(self, ride: Ride, *, price: int | None, basis: str) -> Offer: ...


@runtime_checkable
class ReadsFeed(Protocol):
    """Reads the supplier's usage file."""

    def read_feed(self, content: bytes) -> Iterator[FeedLine | BadLine]: ...
