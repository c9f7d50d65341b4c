from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "利用者"

    def ready(self) -> None:
        import accounts.receivers  # noqa: F401, PLC0415  third parties' signals are heard from the start
