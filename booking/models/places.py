"""Places as people name them: cities with their stations, airports and hotel areas."""

import unicodedata

import jaconv
from django.db import models
from django.db.models import Q

from lib.ids import uuid7


class PlaceKind(models.TextChoices):
    CITY = "city", "市区町村"
    STATION = "station", "駅"
    AIRPORT = "airport", "空港"
    AREA = "area", "宿泊エリア"


def search_form(text: str) -> str:
    """How names are compared: NFKC, hiragana, lower case, no spaces, hyphens or macrons."""
    plain = unicodedata.normalize("NFKD", jaconv.kata2hira(unicodedata.normalize("NFKC", text)).casefold())
    # Circumflex and macron go (Tōkyō); dakuten and handakuten stay, composed with their kana.
    kept = unicodedata.normalize("NFC", "".join(c for c in plain if c not in "\u0302\u0304"))
    return "".join(c for c in kept if c not in " -・‐'’　")


class Place(models.Model):
    """A place that can be searched for by name, kana, romaji or code."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField("種類", max_length=8, choices=PlaceKind)
    code = models.CharField("コード", max_length=20)
    name = models.CharField("名称", max_length=60)
    kana = models.CharField("よみ", max_length=80)
    romaji = models.CharField("ローマ字", max_length=80, blank=True)
    prefecture = models.CharField("都道府県", max_length=10)
    municipality_code = models.CharField(max_length=6, blank=True)
    city_code = models.CharField(max_length=6, blank=True, help_text="of a ward: its city; what taxes by place go by")
    latitude = models.DecimalField(max_digits=8, decimal_places=5)
    longitude = models.DecimalField(max_digits=8, decimal_places=5)
    terms = models.TextField(help_text="all search forms, one a line")
    weight = models.PositiveSmallIntegerField(default=0, help_text="larger stands first among equals")

    class Meta:
        verbose_name = "場所"
        ordering = ["-weight", "kana"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], name="place_code"),
            models.CheckConstraint(name="place_kind_known", condition=Q(kind__in=PlaceKind.values)),
        ]

    def __str__(self) -> str:
        return self.name


class PlaceAccess(models.Model):
    """A station, airport or hotel area that serves a city, with the usual minutes from its centre."""

    city = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="access")
    node = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="serves")
    minutes = models.PositiveSmallIntegerField("所要（分）")

    class Meta:
        ordering = ["minutes"]
        constraints = [models.UniqueConstraint(fields=["city", "node"], name="place_access_once")]
