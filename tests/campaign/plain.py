"""The portal's own Celery application; a safeguard is taken out when the environment names one."""

import django

from config.celery import app
from tests.campaign.without import take_out

django.setup()
take_out()

__all__ = ["app"]
