"""Field encryption: AES-256-GCM, `v1.<key id>.<nonce>.<ciphertext>`, bound to its place.

The associated data (table, column, row) keep a ciphertext from being moved to another row. Look-ups go through a blind
index (HMAC-SHA-256). Keys come from the setting FIELD_KEYS: `{"id": base64 of 32 bytes}`, the first one encrypts.
"""

import base64
import hashlib
import hmac
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


class CannotDecrypt(Exception):
    """The key is gone, or the text was moved or changed."""


def _keys() -> dict[str, bytes]:
    return {name: base64.b64decode(key) for name, key in settings.FIELD_KEYS.items()}


def _aad(place: str, row: UUID) -> bytes:
    return f"{place}.{row}".encode()


def seal(text: str, *, place: str, row: UUID) -> str:
    """Encrypt `text` for `place` (table.column) of `row` (its public id)."""
    key_id, key = next(iter(_keys().items()))
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _aad(place, row))
    parts = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (nonce, sealed))
    return ".".join(["v1", key_id, *parts])


def unseal(token: str, *, place: str, row: UUID) -> str:
    """The text of a sealed field. Raises CannotDecrypt."""
    try:
        version, key_id, nonce, sealed = token.split(".")
        key = _keys()[key_id]
        raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (nonce, sealed)]
        if version != "v1":
            raise CannotDecrypt(version)
        return AESGCM(key).decrypt(raw[0], raw[1], _aad(place, row)).decode()
    except (KeyError, ValueError, InvalidTag) as error:
        raise CannotDecrypt(place) from error


def blind_index(text: str, *, place: str) -> str:
    """A keyed hash by which a sealed value can be found without being read."""
    key = hashlib.sha256(b"blind-index:" + next(iter(_keys().values()))).digest()
    return hmac.new(key, f"{place}\x00{text}".encode(), hashlib.sha256).hexdigest()
