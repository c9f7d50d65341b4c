"""A sign of life, read by /readyz."""

from django.db import models


class Tick(models.Model):
    """When beat and an `io` worker last ran a task together; wall time."""

    name = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField()
