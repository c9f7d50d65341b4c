"""Users: one person, one ID, never given to another person."""

import unicodedata
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from lib import clock
from lib.actor import Actor, Scope
from lib.ids import uuid7

CONFUSABLE = str.maketrans("аеорсухіјѕԁ", "aeopcyxijsd")


class UserState(models.TextChoices):
    ACTIVE = "active", "利用中"
    SUSPENDED = "suspended", "停止中"
    RETIRED = "retired", "廃止"


def login_key(login_id: str) -> str:
    """The comparison form of a login ID: width, case and look-alike letters make no difference."""
    return unicodedata.normalize("NFKC", login_id).strip().casefold().translate(CONFUSABLE)


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, actor: Actor) -> "UserQuerySet":
        """People that the actor may look up: everybody, those of their offices today, or themselves."""
        scope = actor.scope("accounts.person.read")
        if scope is Scope.ALL:
            return self
        own = Q(public_id=actor.id)
        if scope is Scope.OFFICE:
            today = clock.today()
            own |= Q(memberships__valid__contains=today, memberships__department__office__public_id__in=actor.offices)
        return self.filter(own).distinct()


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(login_key=login_key(username or ""))

    def visible_to(self, actor: Actor) -> UserQuerySet:
        return self.get_queryset().visible_to(actor)


class User(AbstractBaseUser):
    """A person with a login ID (never the mail address); rights are dated rows elsewhere."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    login_id = models.CharField("ログインID", max_length=64, unique=True)
    login_key = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField("氏名", max_length=80)
    kana = models.CharField("氏名（カナ）", max_length=80)
    email = models.EmailField("メールアドレス", max_length=254)
    post = models.CharField("役職", max_length=60, blank=True)
    state = models.CharField("状態", max_length=10, choices=UserState, default=UserState.ACTIVE)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    password_changed_at = models.DateTimeField(null=True, editable=False)
    previous_sign_in_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "login_id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "kana", "email"]

    objects = UserManager()

    class Meta:
        verbose_name = "利用者"
        ordering = ["kana", "pk"]
        constraints = [
            models.CheckConstraint(name="user_state_known", condition=Q(state__in=UserState.values)),
            models.CheckConstraint(name="user_login_id_given", condition=~Q(login_id="")),
            # Suppliers take names in full-width katakana only.
            models.CheckConstraint(
                name="user_kana_is_katakana",
                condition=Q(kana__regex="^[ァ-ヴー・ 　]+$"),
                violation_error_message="氏名（カナ）は全角カタカナで入力してください。",
            ),
            models.CheckConstraint(name="user_login_id_is_no_mail", condition=~Q(login_id__contains="@")),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.login_key = login_key(self.login_id)
        super().save(*args, **kwargs)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether the ID may sign in."""
        return self.state == UserState.ACTIVE

    def get_full_name(self) -> str:
        return self.name
