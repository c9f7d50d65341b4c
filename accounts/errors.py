"""What can go wrong with people."""

from lib.errors import PortalError


class LoginIdTaken(PortalError):
    default = "このログインIDは使われています（過去に使われたIDも再び使えません）。別のIDにしてください。"


class NoProxy(PortalError):
    default = "この方の代理として手配する権限がありません。代理の期間を確かめてください。"


class SamePerson(PortalError):
    default = (
        "ご自分が依頼した操作と、代理の関係にある方が依頼した操作は、確かめられません。ほかの担当者に頼んでください。"
    )


class Changed(PortalError):
    default = "準備のあとで内容が変わりました。いまの内容を確かめて、依頼し直してください。"


class AlreadyAsked(PortalError):
    default = "この操作は、もう依頼してあります。ほかの担当者の確認を待っています。"


class CodeWrong(PortalError):
    default = "確認コードが違います。認証アプリに表示されている6桁の数字を入力してください。"


class CodeTooSoon(PortalError):
    default = "間違いが続いたため、少し待ってから入力してください。"


class DaysTaken(PortalError):
    """Another row of the same subject is valid on some of the days; the message names it."""

    default = "同じ対象の行が、ほかの操作で変わりました。もう一度確かめてください。"


class NoSuchEnd(PortalError):
    default = "この行を、その日で終えることはできません。"


class AlreadyBegun(PortalError):
    default = "すでに始まった行は取り下げられません。終わりの日を入れて終えてください。"


class FileChanged(PortalError):
    default = "確認のあとで表が変わりました。もう一度、取り込む内容を確かめてください。"
