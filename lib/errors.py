"""What can go wrong in a verb, with a message that a person can act on."""


class PortalError(Exception):
    """Base of all expected failures. `message` is Japanese and may be shown; `field` names the form field it belongs to."""

    default = "処理できませんでした。もう一度お試しください。"

    def __init__(self, message: str = "", *, field: str = "") -> None:
        self.message = message or self.default
        self.field = field
        super().__init__(self.message)


class Stale(PortalError):
    """Somebody else was first: the row is no longer in the state that the actor saw."""

    default = "ほかの操作で状態が変わりました。画面を読み込み直して、いまの状態を確かめてください。"


class MoveNotAllowed(PortalError):
    """The state table has no such move: a programming error, or a request that no page offers."""

    default = "いまの状態では、この操作はできません。"


class NotPermitted(PortalError):
    """The actor lacks the scope. Views answer 404 (object) or 403 (page)."""

    default = "この操作をする権限がありません。"
