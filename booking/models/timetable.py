"""The Shinkansen timetable (見本ダイヤ: one weekday of March 2026), read for hand-off candidates."""

from django.db import models


class RailStation(models.Model):
    """A Shinkansen station on one line, with 営業キロ in tenths of a kilometre."""

    line = models.CharField(max_length=10)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=20, db_index=True)
    company = models.CharField(max_length=20)
    tenths_from_start = models.PositiveIntegerField(help_text="0.1 km from the start of the line")
    tenths_from_tokyo = models.PositiveIntegerField(null=True, help_text="0.1 km from 東京")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "position"], name="rail_station_position")]


class Train(models.Model):
    """One train of the timetable."""

    key = models.CharField(max_length=40, unique=True)
    name = models.CharField("愛称", max_length=20)
    number = models.PositiveSmallIntegerField("号")
    line = models.CharField("線区", max_length=40)
    runs_on = models.CharField(max_length=10, help_text="all, weekday or irregular")
    all_reserved = models.BooleanField()
    sellers = models.CharField(max_length=40, blank=True, help_text="suppliers that sell it ticketless, split by ;")

    class Meta:
        ordering = ["key"]


class TrainStop(models.Model):
    """A stop; minutes after midnight JST."""

    train = models.ForeignKey(Train, on_delete=models.CASCADE, related_name="calls_at")
    position = models.PositiveSmallIntegerField()
    station = models.CharField(max_length=20)
    arrives = models.PositiveSmallIntegerField(null=True)
    departs = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["train", "position"], name="train_stop_position")]
        indexes = [models.Index(fields=["station", "departs"], name="train_stop_station")]
