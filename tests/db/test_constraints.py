"""What the database refuses although Python is bypassed: each constraint of our models, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from lib import clock
from tests.db.rows import complete, insert, row_of, twin, unique_columns
from tests.permissions.stage import staging

pytestmark = pytest.mark.django_db
ROOMS = ("config", "audit", "accounts", "booking", "delivery", "workflow", "billing")
MODELS = {model._meta.label: model for room in ROOMS for model in apps.get_app_config(room).get_models()}
NONSENSE = "nonsense"

# constraint -> (model, what makes a valid row of it wrong)
CHECKS: dict[str, tuple[str, dict[str, Any]]] = {
    "contract_days_in_order": ("accounts.Contract", {"last_day": "2024-06-30"}),
    "closing_day_is_a_day": ("accounts.ContractTerms", {"closing_day": 32}),
    "issuer_number_is_t13": ("accounts.Issuer", {"registration_number": "1234567890123"}),
    "user_state_known": ("accounts.User", {"state": NONSENSE}),
    "user_login_id_given": ("accounts.User", {"login_id": ""}),
    "user_login_id_is_no_mail": ("accounts.User", {"login_id": "aoki@client.example"}),
    "user_kana_is_katakana": ("accounts.User", {"kana": "青木"}),
    "role_known": ("accounts.RoleGrant", {"role": "root"}),
    "nobody_approves_themselves": ("accounts.ApproverAssignment", {"user_id": 1, "approver_id": 1}),
    "nobody_is_their_own_proxy": ("accounts.Proxy", {"principal_id": 1, "deputy_id": 1}),
    "confirmation_state_known": ("accounts.Confirmation", {"state": NONSENSE, "decided_at": clock.now()}),
    "confirmation_decided_has_decider": ("accounts.Confirmation", {"state": "given", "decided_at": clock.now()}),
    "confirmation_ended_has_time": ("accounts.Confirmation", {"state": "withdrawn"}),
    "confirmation_takes_two": (
        "accounts.Confirmation",
        {"state": "given", "asked_by_id": 1, "decided_by_id": 1, "decided_at": clock.now()},
    ),
    "confirmation_refused_says_why": (
        "accounts.Confirmation",
        {"state": "refused", "decided_by_id": 10**9, "decided_at": clock.now(), "note": ""},
    ),
    "mail_state_known": ("audit.OutgoingMail", {"state": NONSENSE}),
    "mail_sent_has_time": ("audit.OutgoingMail", {"state": "sent", "sent_at": None}),
    "mail_queued_has_next_try": ("audit.OutgoingMail", {"state": "queued", "next_try_at": None}),
    "connection_way_known": ("booking.Connection", {"way": NONSENSE}),
    "connection_api_has_address": ("booking.Connection", {"way": "api", "base_url": ""}),
    "connection_handoff_has_site": ("booking.Connection", {"way": "handoff", "site_url": ""}),
    "connection_rest_has_end_and_reason": ("booking.Connection", {"rests_since": clock.wall(), "next_try_at": None}),
    "place_kind_known": ("booking.Place", {"kind": NONSENSE}),
    "search_has_purpose": ("booking.Search", {"purpose": ""}),
    "search_back_not_before_out": ("booking.Search", {"back_on": "2026-12-15"}),
    "answer_answered_has_time": ("booking.SearchAnswer", {"state": "answered", "answered_at": None}),
    "trip_has_purpose": ("booking.Trip", {"purpose": ""}),
    "trip_days_in_order": ("booking.Trip", {"last_day": "2020-01-01"}),
    "trip_state_known": ("booking.Trip", {"state": NONSENSE}),
    "trip_released_has_total_and_consent": ("booking.Trip", {"state": "released", "consented_at": None}),
    "trip_item_days_in_order": ("booking.TripItem", {"last_day": "2020-01-01"}),
    "reservation_state_known": ("booking.Reservation", {"state": NONSENSE}),
    "reservation_held_has_number": ("booking.Reservation", {"state": "booked", "number": ""}),
    "reservation_ticketed_has_time": (
        "booking.Reservation",
        {"state": "ticketed", "number": "X", "ticketed_at": None},
    ),
    "reservation_cancelled_has_time": ("booking.Reservation", {"state": "cancelled", "cancelled_at": None}),
    "reservation_scheduled_knows_for_what": (
        "booking.Reservation",
        {"state": "scheduled", "not_before": None, "problem": ""},
    ),
    "supplier_hours_kind_known": ("booking.SupplierHours", {"kind": NONSENSE[:6]}),
    "supplier_hours_are_times": ("booking.SupplierHours", {"ends": "24:00"}),
    "sale_opening_days_or_months": ("booking.SaleOpening", {"days_before": 30}),
    "sale_opening_is_a_time": ("booking.SaleOpening", {"opens": "9:30"}),
    "feed_row_state_known": ("booking.FeedRow", {"state": NONSENSE}),
    "change_state_known": ("booking.Change", {"state": NONSENSE}),
    "change_kind_known": ("booking.Change", {"kind": NONSENSE}),
    "change_confirmed_has_cost": ("booking.Change", {"state": "confirmed", "max_cost": None}),
    "change_of_booking_has_replacement": (
        "booking.Change",
        {"state": "confirmed", "kind": "rebook", "max_cost": 0, "max_fee": 0, "confirmed_at": "2026-12-01 00:00+09"},
    ),
    "change_done_has_time": (
        "booking.Change",
        {"state": "done", "max_cost": 0, "max_fee": 0, "confirmed_at": "2026-12-01 00:00+09"},
    ),
    "claim_state_known": ("booking.RefundClaim", {"state": NONSENSE, "ended_at": "2026-12-01 00:00+09"}),
    "claim_ended_has_time": ("booking.RefundClaim", {"state": "settled", "ended_at": None}),
    "claim_closed_says_why_and_by_whom": (
        "booking.RefundClaim",
        {"state": "closed", "reason": "refused", "note": "", "said_by_id": 1, "ended_at": "2026-12-01 00:00+09"},
    ),
    "disruption_kind_known": ("booking.Disruption", {"kind": NONSENSE}),
    "disruption_says_what_and_where": ("booking.Disruption", {"source": ""}),
    "affected_fee_has_time": ("booking.AffectedBooking", {"stated_fee": 430, "stated_at": None}),
    "affected_follow_up_says_who": (
        "booking.AffectedBooking",
        {"followed_up_at": clock.now(), "followed_up_by_id": None},
    ),
    "open_call_has_next_try": ("booking.SupplierCall", {"state": "open", "next_try_at": None}),
    "charge_rule_known": ("booking.Charge", {"rule": NONSENSE}),
    "charge_is_not_zero": ("booking.Charge", {"amount": 0}),
    "charge_kind_known": ("booking.Charge", {"kind": NONSENSE}),
    "charge_tax_class_known": ("booking.Charge", {"tax_class": NONSENSE}),
    "charge_nature_known": ("booking.Charge", {"nature": NONSENSE}),
    "charge_not_ride_and_night": ("booking.Charge", {"segment_id": 1, "night_id": 1}),
    "charge_relation_has_origin": ("booking.Charge", {"origin_id": None, "relation": "reversal"}),
    "charge_goes_back_to_another": ("booking.Charge", {"id": 10**9, "origin_id": 10**9, "relation": "correction"}),
    "charge_office_only_without_membership": ("booking.Charge", {"office_id": 1}),
    "supplier_number_is_t13": ("booking.SupplierNature", {"registration_number": "1234567890123"}),
    "billing_day_rule_fits": ("booking.BillingDayRule", {"subject": "fare", "basis": "night"}),
    "agency_fee_yen_or_percent": ("booking.AgencyFee", {"yen": 550, "percent": 20}),
    "stay_tax_rule_yen_or_percent": ("booking.StayTaxRule", {"tax_yen": 200, "tax_percent": 3}),
    "stay_tax_rule_band_in_order": ("booking.StayTaxRule", {"lower_yen": 10_000, "upper_yen": 9_999}),
    "stay_tax_rule_kind_known": ("booking.StayTaxRule", {"kind": NONSENSE}),
    "stay_tax_rule_level_known": ("booking.StayTaxRule", {"level": NONSENSE}),
    "stay_tax_rule_combine_known": ("booking.StayTaxRule", {"combine": "minus"}),
    "airport_charge_date_rule_known": ("booking.AirportCharge", {"date_rule": "sale"}),
    "one_off_has_lines": ("billing.OneOffRequest", {"lines": []}),
    "one_off_says_why": ("billing.OneOffRequest", {"reason": ""}),
    "period_days_in_order": ("billing.Period", {"last_day": "2020-01-01"}),
    "period_state_known": ("billing.Period", {"state": NONSENSE}),
    "period_closed_has_time": ("billing.Period", {"state": "closed", "closed_at": None}),
    "invoice_kind_known": ("billing.Invoice", {"kind": NONSENSE}),
    "invoice_regular_has_period": ("billing.Invoice", {"kind": "one_off"}),
    "invoice_payable_adds_up": ("billing.Invoice", {"carried": -1}),
    "invoice_correction_by_two": ("billing.InvoiceCorrection", {"asked_by_id": 1, "decided_by_id": 1}),
    "document_kind_known": ("billing.InvoiceDocument", {"kind": NONSENSE}),
    "document_correction_has_one": ("billing.InvoiceDocument", {"kind": "correction", "correction_id": None}),
    "document_copy_says_who_and_why": ("billing.InvoiceDocument", {"kind": "copy", "asked_by_id": None}),
    "document_made_has_hash": ("billing.InvoiceDocument", {"made_at": clock.now(), "sha256": ""}),
}
# constraint -> (model, which of its rows a second one may not equal)
ONCE: dict[str, tuple[str, dict[str, Any]]] = {
    "one_contract": ("accounts.Contract", {}),
    "contract_terms_no_overlap": ("accounts.ContractTerms", {}),
    "issuer_no_overlap": ("accounts.Issuer", {}),
    "estimate_no_overlap": ("accounts.Estimate", {}),
    "public_text_no_overlap": ("accounts.PublicText", {}),
    "office_details_no_overlap": ("accounts.OfficeDetails", {}),
    "role_grant_no_overlap": ("accounts.RoleGrant", {}),
    "membership_no_overlap": ("accounts.Membership", {}),
    "approver_no_overlap": ("accounts.ApproverAssignment", {}),
    "proxy_no_overlap": ("accounts.Proxy", {}),
    "member_number_no_overlap": ("accounts.MemberNumber", {}),
    "member_number_is_one_persons": ("accounts.MemberNumber", {}),
    "one_open_confirmation": ("accounts.Confirmation", {}),
    "event_object_position": ("audit.EventObject", {}),
    "place_code": ("booking.Place", {}),
    "place_access_once": ("booking.PlaceAccess", {}),
    "answer_once": ("booking.SearchAnswer", {}),
    "trip_item_part_once": ("booking.TripItem", {}),
    "reservation_supplier_key": ("booking.Reservation", {"state": "ticketed"}),
    "one_live_segment": ("booking.Segment", {"live": True}),
    "one_live_night": ("booking.StayNight", {"live": True}),
    "one_open_change_per_reservation": ("booking.Change", {"state": "draft"}),
    "one_open_claim_per_reservation": ("booking.RefundClaim", {"state": "open"}),
    "disruption_once": ("booking.Disruption", {}),
    "affected_booking_once": ("booking.AffectedBooking", {}),
    "one_open_call_per_reservation": ("booking.SupplierCall", {"state": "open"}),
    "feed_once": ("booking.Feed", {}),
    "feed_row_line": ("booking.FeedRow", {}),
    "feed_fact_once": ("booking.FeedRow", {"state": "matched"}),
    "rail_fare_rule_no_overlap": ("booking.RailFareRule", {}),
    "rail_season_day": ("booking.RailSeasonDay", {}),
    "rail_station_position": ("booking.RailStation", {}),
    "train_stop_position": ("booking.TrainStop", {}),
    "stay_tax_rule_no_overlap": ("booking.StayTaxRule", {}),
    "airport_charge_no_overlap": ("booking.AirportCharge", {}),
    "tax_rule_no_overlap": ("booking.TaxRule", {}),
    "supplier_nature_no_overlap": ("booking.SupplierNature", {}),
    "billing_day_rule_no_overlap": ("booking.BillingDayRule", {}),
    "supplier_hours_no_overlap": ("booking.SupplierHours", {}),
    "sale_opening_no_overlap": ("booking.SaleOpening", {}),
    "refund_limit_no_overlap": ("booking.RefundLimit", {}),
    "agency_fee_no_overlap": ("booking.AgencyFee", {}),
    "charge_reversed_and_transferred_once": ("booking.Charge", {"relation": "reversal"}),
    "period_office_first_day": ("billing.Period", {}),
    "period_office_last_day": ("billing.Period", {}),
    "number_series_once": ("billing.NumberSeries", {}),
    "invoice_line_position": ("billing.InvoiceLine", {}),
    "invoice_correction_position": ("billing.InvoiceCorrection", {}),
    "document_one_original": ("billing.InvoiceDocument", {"kind": "original"}),
}
# Columns that may not be negative, and columns that are unique by themselves: PostgreSQL names those constraints.
NOT_NEGATIVE: dict[str, tuple[str, dict[str, Any]]] = {
    f"{model._meta.db_table}_{field.column}_check": (label, {field.attname: -1})
    for label, model in MODELS.items()
    for field in model._meta.local_concrete_fields
    if isinstance(
        field, models.PositiveIntegerField | models.PositiveSmallIntegerField | models.PositiveBigIntegerField
    )
}
SINGLE: dict[str, tuple[str, dict[str, Any]]] = {
    name: (label, {f"{next(iter(columns))}__isnull": False})
    for label, model in MODELS.items()
    for name, columns in unique_columns(model).items()
    if name.endswith("_key") and name not in ONCE
}
SINGLE["booking_charge_public_id_key"] = ("booking.Charge", {"relation": "reversal"})


@pytest.fixture(scope="module")
def every_row(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    """One valid row at least of every model."""
    with django_db_blocker.unblock(), staging(str(tmp_path_factory.mktemp("rows") / "clock")) as stage:
        complete(stage)
        yield


def refused_by(model: type[models.Model], row: dict[str, Any]) -> str:
    """The constraint that refuses the row; empty when it goes in."""
    try:
        with transaction.atomic():
            insert(model, row)
            transaction.set_rollback(True)
    except IntegrityError as error:
        return str(error.__cause__.diag.constraint_name)
    return ""


@pytest.mark.parametrize("name", [*CHECKS, *NOT_NEGATIVE])
def test_a_row_that_cannot_be_is_refused(every_row: None, db: None, name: str):
    label, wrong = {**CHECKS, **NOT_NEGATIVE}[name]
    model = MODELS[label]
    assert refused_by(model, {**row_of(model), **wrong}) == name


@pytest.mark.parametrize("name", [*ONCE, *SINGLE])
def test_a_second_one_is_refused(every_row: None, db: None, name: str):
    label, wanted = {**ONCE, **SINGLE}[name]
    model = MODELS[label]
    assert refused_by(model, twin(model, name, row_of(model, **wanted))) == name


def test_every_constraint_of_the_database_is_refused_here_once():
    """Keys and foreign keys aside; unique ones are read off their indexes, since partial ones are nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.relname, c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
            WHERE c.contype IN ('c', 'x') AND t.relnamespace = 'public'::regnamespace
            UNION
            SELECT t.relname, i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
            JOIN pg_class t ON t.oid = x.indrelid
            WHERE x.indisunique AND NOT x.indisprimary AND t.relnamespace = 'public'::regnamespace
            """
        )
        tables = {model._meta.db_table for model in MODELS.values()}
        stored = {name for table, name in cursor.fetchall() if table in tables}
    assert stored == CHECKS.keys() | ONCE.keys() | NOT_NEGATIVE.keys() | SINGLE.keys()
