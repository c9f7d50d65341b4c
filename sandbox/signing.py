"""Offers and rate tokens: opaque to the caller, signed against forgery, good for 20 minutes of real time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from sandbox.messages import Refusal

LIFE_SECONDS = 20 * 60


def _signature(seed: int, kind: str, payload: bytes) -> str:
    return hmac.new(f"sandbox {seed} {kind}".encode(), payload, hashlib.sha256).hexdigest()[:20]


def seal(seed: int, kind: str, facts: list[Any]) -> str:
    """A token that carries `facts`."""
    payload = json.dumps([int(time.time()) + LIFE_SECONDS, *facts], ensure_ascii=False, separators=(",", ":")).encode()
    return f"{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.{_signature(seed, kind, payload)}"


def unseal(seed: int, kind: str, token: str) -> list[Any]:
    """The facts of a token. Raises Refusal OFFER_INVALID (forged, or of another kind) or OFFER_EXPIRED."""
    encoded, _, signature = token.partition(".")
    try:
        payload = base64.b64decode((encoded + "=" * (-len(encoded) % 4)).encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        payload = b""
    if not payload or not hmac.compare_digest(signature.encode(), _signature(seed, kind, payload).encode()):
        raise Refusal(422, "OFFER_INVALID", "この候補は使えません。もう一度検索してください。")
    expires, *facts = json.loads(payload)
    if time.time() >= expires:
        raise Refusal(410, "OFFER_EXPIRED", "候補の有効時間(20分)が過ぎました。もう一度検索してください。")
    return list(facts)


def dice(seed: int, *facts: object) -> int:
    """A number that looks random and is always the same for the same seed and facts (64 bits)."""
    text = "|".join(map(str, (seed, *facts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
