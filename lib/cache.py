"""JSON in the cache: Django's Redis cache pickles by default, and a poisoned Redis would then run code."""

import json
from typing import Any


class JsonSerializer:
    """Serializer for `django.core.cache.backends.redis.RedisCache`; integers stay plain so that `incr` works."""

    def dumps(self, obj: Any) -> bytes | int:
        return obj if type(obj) is int else json.dumps(obj).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
