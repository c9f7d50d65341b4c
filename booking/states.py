"""States of trips and reservations, and the only moves between them."""

from collections.abc import Mapping

from django.db import models


class TripState(models.TextChoices):
    DRAFT = "draft", "下書き"
    AWAITING = "awaiting", "承認待ち"
    RETURNED = "returned", "差戻し"
    REJECTED = "rejected", "却下"
    RELEASED = "released", "手配中"
    CLOSED = "closed", "完了"
    WITHDRAWN = "withdrawn", "取り下げ"


TRIP_MOVES: Mapping[str, frozenset[str]] = {
    TripState.DRAFT: frozenset({TripState.AWAITING, TripState.RELEASED, TripState.WITHDRAWN}),
    TripState.AWAITING: frozenset({TripState.RELEASED, TripState.RETURNED, TripState.REJECTED, TripState.WITHDRAWN}),
    TripState.RETURNED: frozenset({TripState.DRAFT}),
    TripState.RELEASED: frozenset({TripState.CLOSED, TripState.WITHDRAWN}),
}


class ReservationState(models.TextChoices):
    DRAFT = "draft", "未手配"
    SCHEDULED = "scheduled", "予約待ち"
    HANDED_OFF = "handed_off", "番号待ち"
    BOOKING = "booking", "予約中"
    BOOKED = "booked", "予約確定"
    TICKETING = "ticketing", "発券中"
    TICKETED = "ticketed", "発券済"
    CHANGING = "changing", "変更中"
    CANCELLING = "cancelling", "取消中"
    UNKNOWN = "unknown", "確認中"
    FAILED = "failed", "予約できず"
    EXPIRED = "expired", "期限切れ"
    CANCELLED = "cancelled", "取消済"
    USED = "used", "利用済"
    NO_SHOW = "no_show", "不使用"
    WITHDRAWN = "withdrawn", "取りやめ"


R = ReservationState
RESERVATION_MOVES: Mapping[str, frozenset[str]] = {
    R.DRAFT: frozenset({R.SCHEDULED, R.BOOKING, R.HANDED_OFF, R.WITHDRAWN}),
    R.SCHEDULED: frozenset({R.BOOKING, R.WITHDRAWN}),
    R.HANDED_OFF: frozenset({R.BOOKED, R.TICKETED, R.WITHDRAWN}),
    # Back to `scheduled` when the supplier was closed, or when the price has risen and the person is asked.
    R.BOOKING: frozenset({R.BOOKED, R.TICKETED, R.FAILED, R.UNKNOWN, R.SCHEDULED}),
    R.TICKETING: frozenset({R.TICKETED, R.BOOKED, R.UNKNOWN}),
    R.CHANGING: frozenset({R.BOOKED, R.TICKETED, R.UNKNOWN}),
    R.CANCELLING: frozenset({R.CANCELLED, R.BOOKED, R.TICKETED, R.UNKNOWN}),
    # `unknown` leaves only to where its open call could have led: see AFTER_ASKING.
    R.UNKNOWN: frozenset({R.BOOKED, R.TICKETED, R.FAILED, R.CANCELLED}),
    # A stay is settled at check-out, without a ticket: booked → used.
    R.BOOKED: frozenset({R.TICKETING, R.TICKETED, R.CHANGING, R.CANCELLING, R.EXPIRED, R.CANCELLED, R.USED}),
    R.TICKETED: frozenset({R.USED, R.NO_SHOW, R.CHANGING, R.CANCELLING, R.CANCELLED}),
    # Time alone takes a ticket for used; that it was not is known later.
    R.USED: frozenset({R.NO_SHOW}),
}
LIVE = frozenset(
    {R.SCHEDULED, R.HANDED_OFF, R.BOOKING, R.BOOKED, R.TICKETING, R.TICKETED, R.CHANGING, R.CANCELLING, R.UNKNOWN}
)
IN_FLIGHT = frozenset({R.BOOKING, R.TICKETING, R.CHANGING, R.CANCELLING})
TRAVELLED = frozenset({R.USED, R.NO_SHOW})
ENDED = frozenset({R.FAILED, R.EXPIRED, R.CANCELLED, R.WITHDRAWN}) | TRAVELLED
# What is said of a wish that nobody may cancel freely, while its traveller has to decide about another part of the trip.
HELD_UP = "ほかの予約が決まらないため、予約を見合わせています。決まると、続けて予約します。"


class CallVerb(models.TextChoices):
    BOOK = "book", "予約"
    TICKET = "ticket", "発券"
    CHANGE = "change", "変更"
    CANCEL = "cancel", "取消"


# The state during the call, and where asking may lead.
DURING: Mapping[str, str] = {
    CallVerb.BOOK: R.BOOKING,
    CallVerb.TICKET: R.TICKETING,
    CallVerb.CHANGE: R.CHANGING,
    CallVerb.CANCEL: R.CANCELLING,
}
AFTER_ASKING: Mapping[str, frozenset[str]] = {
    CallVerb.BOOK: frozenset({R.BOOKED, R.FAILED}),
    CallVerb.TICKET: frozenset({R.TICKETED, R.BOOKED}),
    CallVerb.CHANGE: frozenset({R.BOOKED, R.TICKETED}),
    CallVerb.CANCEL: frozenset({R.CANCELLED, R.BOOKED, R.TICKETED}),
}


def moves_of(state: str, verb: str) -> Mapping[str, frozenset[str]]:
    """The table for the outcome of a call: out of `unknown` only to where this very call could have led."""
    return {R.UNKNOWN: AFTER_ASKING[verb]} if state == R.UNKNOWN else RESERVATION_MOVES


class ChangeKind(models.TextChoices):
    EXCHANGE = "exchange", "予約の変更"
    OWN = "own", "手配先サイトでの変更"
    REBOOK = "rebook", "取り直し"
    REPLACE = "replace", "代わりの手配"


class ChangeState(models.TextChoices):
    DRAFT = "draft", "確認前"
    CONFIRMED = "confirmed", "手続き中"
    DONE = "done", "完了"
    REFUSED = "refused", "変更できず"
    DROPPED = "dropped", "取りやめ"


CHANGE_MOVES: Mapping[str, frozenset[str]] = {
    ChangeState.DRAFT: frozenset({ChangeState.CONFIRMED, ChangeState.DROPPED}),
    ChangeState.CONFIRMED: frozenset({ChangeState.DONE, ChangeState.REFUSED, ChangeState.DROPPED}),
}


class ClaimState(models.TextChoices):
    OPEN = "open", "返金待ち"
    SETTLED = "settled", "返金済"
    CLOSED = "closed", "返金なし"
    VOID = "void", "取りやめ"


CLAIM_MOVES: Mapping[str, frozenset[str]] = {
    ClaimState.OPEN: frozenset({ClaimState.SETTLED, ClaimState.CLOSED, ClaimState.VOID}),
}


class ClaimReason(models.TextChoices):
    """Why money that was owed does not come."""

    OFFSET = "offset", "運賃の取消料と相殺"
    REFUSED = "refused", "手配先が払戻を拒否"
    DOUBLE = "double", "二重計上"
    OTHER = "other", "その他"


class CallState(models.TextChoices):
    OPEN = "open", "実行中"
    ASKING = "asking", "照会中"
    DONE = "done", "完了"


class Way(models.TextChoices):
    API = "api", "自動接続"
    HANDOFF = "handoff", "手配先サイト"
    OPERATOR = "operator", "オペレータ"


class Settlement(models.TextChoices):
    LUMP = "lump", "一括請求"
    SELF = "self", "本人立替"
