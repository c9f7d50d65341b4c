"""Structure of bookings, places, tariffs and money facts. Enums that other rooms need are handed on from here."""

from booking.models.calls import SupplierCall
from booking.models.changes import Change
from booking.models.claims import RefundClaim, RefundLimit
from booking.models.connections import Connection, Rest
from booking.models.disruptions import AffectedBooking, Disruption, DisruptionKind, service_key
from booking.models.feeds import Feed, FeedRow, FeedRowState, FeedState
from booking.models.hours import HoursKind, SaleOpening, SupplierHours
from booking.models.ledger import (
    BILLING_RULES,
    FEES,
    Charge,
    ChargeKind,
    ChargeSource,
    LedgerLock,
    Nature,
    Relation,
    TaxClass,
)
from booking.models.places import Place, PlaceAccess, PlaceKind
from booking.models.reservations import Reservation, Segment, StayNight
from booking.models.search import AnswerState, Part, Search, SearchAnswer
from booking.models.tariffs import (
    AgencyFee,
    BillingDayRule,
    BillingSubject,
    FeeService,
    RailFareRule,
    RailSeasonDay,
    SupplierNature,
    TaxRule,
)
from booking.models.taxes import AirportCharge, BodyLevel, Combine, DateRule, LevyKind, StayTaxRule
from booking.models.timetable import RailStation, Train, TrainStop
from booking.models.trips import ItemKind, Trip, TripItem, TripNumber
from booking.states import (
    CallState,
    CallVerb,
    ChangeKind,
    ChangeState,
    ClaimReason,
    ClaimState,
    ReservationState,
    Settlement,
    TripState,
    Way,
)

__all__ = [
    "BILLING_RULES",
    "FEES",
    "AffectedBooking",
    "AgencyFee",
    "AirportCharge",
    "AnswerState",
    "BillingDayRule",
    "BillingSubject",
    "BodyLevel",
    "CallState",
    "CallVerb",
    "Change",
    "ChangeKind",
    "ChangeState",
    "Charge",
    "ChargeKind",
    "ChargeSource",
    "ClaimReason",
    "ClaimState",
    "Combine",
    "Connection",
    "DateRule",
    "Disruption",
    "DisruptionKind",
    "FeeService",
    "Feed",
    "FeedRow",
    "FeedRowState",
    "FeedState",
    "HoursKind",
    "ItemKind",
    "LedgerLock",
    "LevyKind",
    "Nature",
    "Part",
    "Place",
    "PlaceAccess",
    "PlaceKind",
    "RailFareRule",
    "RailSeasonDay",
    "RailStation",
    "RefundClaim",
    "RefundLimit",
    "Relation",
    "Reservation",
    "ReservationState",
    "Rest",
    "SaleOpening",
    "Search",
    "SearchAnswer",
    "Segment",
    "Settlement",
    "StayNight",
    "StayTaxRule",
    "SupplierCall",
    "SupplierHours",
    "SupplierNature",
    "TaxClass",
    "TaxRule",
    "Train",
    "TrainStop",
    "Trip",
    "TripItem",
    "TripNumber",
    "TripState",
    "Way",
    "service_key",
]
