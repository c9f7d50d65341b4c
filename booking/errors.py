"""What can go wrong with bookings."""

from lib.errors import PortalError


class BadWish(PortalError):
    """The search or the trip breaks a rule of the contract or of common sense; `field` names the form field."""


class OfferGone(PortalError):
    default = "候補の有効時間が過ぎました。もう一度探してください。"


class AlreadySubmitted(PortalError):
    default = "この出張は、すでに予約を受け付けています。"


class ChosenElsewhere(PortalError):
    default = "別の画面で選び直されています。いまの内容を確かめてから、もう一度進めてください。"


class AboveAuthorised(PortalError):
    default = "確認した合計額を超えるため、止めました。金額を確かめてください。"


class NotReleased(PortalError):
    default = "まだ手配を始められません。内容の確認を終えてください。"


class CannotCancel(PortalError):
    default = "この予約は、この画面から取り消せません。窓口へ連絡してください。"


class CannotWithdraw(PortalError):
    default = "予約の手続きが始まっているため、取りやめられません。結果を待って、取り消してください。"


class AlreadyKnown(PortalError):
    default = "この要求の結果は、すでに分かっています。いまの状態を確かめてください。"


class TooEarly(PortalError):
    """The supplier may still carry out what was sent."""


class BadRefund(PortalError):
    """What came back of a ticket does not fit it; `field` names the form field."""

    default = "払戻を記録できません。"


class BadClaim(PortalError):
    default = "この返金待ちは、もう終わっているか、確認を待っている依頼がありません。"


class CannotChange(PortalError):
    default = "この予約は、いまの状態では変更できません。"


class ChangeTaken(PortalError):
    default = "この変更は、すでに受け付けています。"


class FeeChanged(PortalError):
    default = "取消にかかる額が変わりました。金額を確かめて、もう一度進めてください。"


class BadNumber(PortalError):
    default = "予約番号の形が違います。確かめて入力してください。"


class NumberTaken(PortalError):
    default = "この予約番号は、すでに登録されています。番号を確かめてください。"


class BadFeed(PortalError):
    default = "ファイルを読み取れません。"


class SupplierAway(PortalError):
    default = "手配先から回答がありません。少し待ってから、もう一度お試しください。"


class BadDisruption(PortalError):
    """What an operator entered of a disruption does not fit; `field` names the form field."""


class DisruptionKnown(PortalError):
    default = "この便・列車のこの日は、すでに登録されています。内容が変わったときは、登録したものを訂正してください。"
