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


class TooManyRows(PortalError):
    default = "明細が多く、Excelの1シートに入りません。CSVかJSONを取ってください。"
