"""The portal's own web server."""

from config.wsgi import application
from tests.campaign.without import take_out

take_out()

__all__ = ["application"]
