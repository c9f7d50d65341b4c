"""Password hashing with a pepper: PBKDF2-HMAC-SHA256 over HMAC-SHA-256(pepper, NFKC(password)).

The pepper is a secret outside the database, so that a stolen dump alone is worthless. A lost or changed pepper means a new
password for everybody: keep two copies.
"""

import hashlib
import hmac
import unicodedata

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.exceptions import ValidationError


class PepperedPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """Django's PBKDF2 with our rounds over the peppered password."""

    algorithm = "pbkdf2_sha256_pepper"

    @property
    def iterations(self) -> int:  # type: ignore[override]
        return int(settings.PASSWORD_ROUNDS)

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        plain = unicodedata.normalize("NFKC", password).encode()
        peppered = hmac.new(settings.PASSWORD_PEPPER.encode(), plain, hashlib.sha256).hexdigest()
        return super().encode(peppered, salt, iterations)

    def verify(self, password: str, encoded: str) -> bool:
        decoded = self.decode(encoded)
        again = self.encode(password, str(decoded["salt"]), int(decoded["iterations"]))
        return hmac.compare_digest(encoded, again)


class ClassesValidator:
    """3 of 4 kinds of characters, unless the password has 16 characters or more."""

    def validate(self, password: str, user: object = None) -> None:  # noqa: ARG002
        kinds = [
            any(test(character) for character in password)
            for test in (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
        ]
        if len(password) < 16 and sum(kinds) < 3:
            raise ValidationError(
                "英大文字・英小文字・数字・記号のうち3種類以上を使うか、16文字以上にしてください。", code="classes"
            )

    def get_help_text(self) -> str:
        return "16文字未満のときは、英大文字・英小文字・数字・記号のうち3種類以上を使ってください。"
