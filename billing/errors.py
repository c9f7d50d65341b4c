"""What can go wrong when money is billed."""

from lib.errors import PortalError


class PeriodNotOver(PortalError):
    default = "締めの末日がまだ過ぎていません。末日の翌日から締められます。"


class EarlierPeriodOpen(PortalError):
    default = "前の期間に、まだ請求していない費用があります。古い期間から順に締めてください。"


class NatureUnset(PortalError):
    default = "取扱いが未設定の費用があります。手配先の取扱いを設定してから締めてください。"


class NothingPrinted(PortalError):
    default = "PDFはまだできていません。しばらくしてから、もう一度開いてください。"


class SumsChanged(PortalError):
    default = "準備のあとで費用が変わりました。内容を見直して、もう一度準備してください。"


class NotPrepared(PortalError):
    default = "まだ締めの準備がされていません。下見を確かめた人が、先に準備してください。"


class StillWaiting(PortalError):
    default = "締めの前に片づけることが残っています。"


class NothingCorrected(PortalError):
    default = "どの欄も変わっていません。直す欄を書き換えてください。"


class CorrectionNotAsked(PortalError):
    default = "確認を待っている修正はありません。"


class NoContact(PortalError):
    default = "この拠点には請求担当者がいません。請求担当者の権限を付けてから送ってください。"


class NotCorrectable(PortalError):
    default = "この費用は訂正できません。"


class NoDifference(PortalError):
    default = "いまの金額と同じです。正しい金額か、0円でない差額を入力してください。"


class NotAsked(PortalError):
    default = "確認を待っている依頼がありません。取り下げられたか、もう終わっています。"


class NothingToBill(PortalError):
    default = "合計が0円以下です。一時費用の請求書は、合計が1円以上になるように入力してください。"


class DueDatePassed(PortalError):
    default = "支払期限が過ぎています。支払期限を決め直して、もう一度依頼してください。"


class TooManyRows(PortalError):
    default = "明細が多く、Excelの1シートに入りません。CSVかJSONを取ってください。"
