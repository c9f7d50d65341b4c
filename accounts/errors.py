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
