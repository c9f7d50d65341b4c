"""Which addresses the portal may call, by name and by what the name resolves to."""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from booking.suppliers.errors import Misconfigured

NOT_ALLOWED = "手配先のアドレスが許可されていません。"
# Translated into IPv4 behind our back, these lead wherever their last four bytes say (NAT64, 6to4, Teredo).
TRANSLATED = [ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


def check_url(url: str) -> None:
    """Refuse what is not on the list: outside hosts by name over https, and the sandbox outside production.

    Raises Misconfigured. What the name stands for is judged at connect: see `allowed_addresses`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http" and _is_sandbox(host):
        return
    if parts.scheme != "https" or host not in settings.SUPPLIER_HOSTS:
        raise Misconfigured(NOT_ALLOWED, detail=host)


def allowed_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, to connect to exactly these: whoever asks again may be told others.

    Raises OSError when the name is not known, and Misconfigured when any of them is not of the outside world.
    """
    if _is_sandbox(host):
        return [host]
    found = dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    if not all(_is_outside(address) for address in found):
        raise Misconfigured(NOT_ALLOWED, detail=host)
    return list(found)


def _is_sandbox(host: str) -> bool:
    try:
        return bool(settings.SANDBOX_URL) and not settings.PRODUCTION and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_outside(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if any(address.version == net.version and address in net for net in TRANSLATED):
        return False
    return address.is_global and not address.is_multicast
