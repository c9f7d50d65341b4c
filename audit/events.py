"""Kinds of events that this room records."""

from lib.registry import kind

KINDS = [
    kind("audit.access.refused", "閲覧の拒否", "権限のない対象への操作を断りました（{action}）。", keys="action"),
    kind("audit.page.refused", "画面の拒否", "権限のない画面への操作を断りました（{action}）。", keys="action"),
    kind("audit.log.read", "記録の閲覧", "記録を検索しました。", keys="filter"),
    kind("audit.mail.queued", "メールの作成", "メールを作成しました（{kind}）。", keys="kind"),
    kind("audit.mail.sent", "メールの送信", "メールを送信しました（{kind}）。", keys="kind"),
    kind("audit.mail.failed", "メールの送信失敗", "メールを送信できませんでした（{kind}）。", keys="kind"),
    kind("audit.command.run", "管理コマンド", "管理コマンド {command} を実行しました。", keys="command arguments"),
]
