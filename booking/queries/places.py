"""Places by what people type, and the stations, airports and hotel areas that serve them."""

from __future__ import annotations

from dataclasses import dataclass

from booking.errors import BadWish
from booking.models import Place, PlaceAccess, PlaceKind
from booking.models.places import search_form

ORDER = (PlaceKind.CITY, PlaceKind.STATION, PlaceKind.AIRPORT, PlaceKind.AREA)
EXACT, PREFIX, SUBSTRING = range(3)
NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Access:
    """A station, airport or hotel area with the usual minutes to it; 0 when it is the place itself."""

    place: Place
    minutes: int


def label(place: Place) -> str:
    """The name with what tells it from others: 横浜（神奈川県）, 博多駅（福岡県）, 小倉（福岡県・宿泊エリア）."""
    kind = "・宿泊エリア" if place.kind == PlaceKind.AREA else ""
    return f"{place.name}（{place.prefecture}{kind}）"


def _fit(place: Place, form: str) -> int:
    terms = place.terms.split("\n")
    if form in terms:
        return EXACT
    return PREFIX if any(term.startswith(form) for term in terms) else SUBSTRING


def _rank(place: Place) -> tuple[int, int, str]:
    return ORDER.index(PlaceKind(place.kind)), -place.weight, place.kana


def find_places(text: str, *, limit: int = 8) -> list[Place]:
    """Places whose name, kana, romaji or code holds `text`; nothing for an empty text. One query.

    Exact before prefix before substring, then cities before stations before airports before hotel areas.
    """
    form = search_form(text)
    if not form:
        return []
    found = Place.objects.filter(terms__contains=form)
    return sorted(found, key=lambda place: (_fit(place, form), *_rank(place)))[:limit]


def _is_named(place: Place, form: str) -> bool:
    return form in {search_form(place.name), search_form(place.name.removesuffix("駅").removesuffix("空港"))}


def _is_typed_in_full(place: Place, form: str) -> bool:
    """福島駅, 成田空港: with the word that says which of the places of the name is meant."""
    return place.kind in {PlaceKind.STATION, PlaceKind.AIRPORT} and search_form(place.name) == form


def resolve_place(text: str, *, field: str = "") -> Place:
    """The one place that `text` means; raises BadWish (for `field`) when there is none, or when it may be several.

    A name counts before a reading or a code. Places of one name in one prefecture are one thing to people: the city
    stands for its station and airport (福島), unless the full name was typed (福島駅). Names of several prefectures
    (宮古) are asked about. A part of a name is enough where only one place has it. One query.
    """
    form = search_form(text)
    shown = text.strip()
    found = list(Place.objects.filter(terms__contains=form)) if form else []
    if not found:
        raise BadWish(f"「{shown}」という場所が見つかりません。駅・空港・市町村の名前を入力してください。", field=field)
    for meant in (
        [place for place in found if _is_named(place, form)],
        [place for place in found if _fit(place, form) == EXACT],
    ):
        if meant and len({place.prefecture for place in meant}) == 1:
            return min(meant, key=lambda place: (not _is_typed_in_full(place, form), *_rank(place)))
        if meant:
            found = meant
            break
    if len(found) == 1:
        return found[0]
    found.sort(key=lambda place: (_fit(place, form), *_rank(place)))
    names = "、".join(label(place) for place in found[:NAMED_AT_MOST])
    more = "など" if len(found) > NAMED_AT_MOST else ""
    raise BadWish(
        f"「{shown}」に当てはまる場所がいくつかあります（{names}{more}）。どれか一つを入力してください。", field=field
    )


def _access(place: Place, kind: PlaceKind) -> list[Access]:
    if place.kind == kind:
        return [Access(place, 0)]
    city = place
    if place.kind != PlaceKind.CITY:
        served = PlaceAccess.objects.filter(node=place).select_related("city")
        nearest = min(
            served,
            key=lambda row: (row.city.prefecture != place.prefecture, row.minutes, -row.city.weight),
            default=None,
        )
        if nearest is None:
            return []
        city = nearest.city
    rows = PlaceAccess.objects.filter(city=city, node__kind=kind).select_related("node")
    return [Access(row.node, row.minutes) for row in rows.order_by("minutes", "-node__weight", "node__code")]


def stations_of(place: Place) -> list[Access]:
    """Stations of the place, nearest first; a station serves itself, an airport or area is served through its city."""
    return _access(place, PlaceKind.STATION)


def airports_of(place: Place) -> list[Access]:
    """Airports of the place, nearest first; an airport serves itself, a station or area is served through its city."""
    return _access(place, PlaceKind.AIRPORT)


def areas_of(place: Place) -> list[Access]:
    """Hotel areas of the place, nearest first; an area is itself, a station or airport has those of its city."""
    return _access(place, PlaceKind.AREA)
