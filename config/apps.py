from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        import config.checks  # noqa: PLC0415
        import config.registry  # noqa: F401, PLC0415  fills the registry when every room is loaded
