"""Kinds of events that this room records."""

from lib.registry import kind

KINDS = [
    kind("accounts.user.issued", "IDの発行", "ログインIDを発行しました。", keys="login", personal="name"),
    kind(
        "accounts.role.granted",
        "権限の付与",
        "権限「{role}」を {first} から与えました。",
        keys="role first last reason",
    ),
    kind(
        "accounts.membership.set",
        "所属の登録",
        "所属 {department} を {first} から登録しました。",
        keys="department first",
    ),
    kind("accounts.approver.set", "承認者の登録", "承認者を {first} から登録しました。", keys="first"),
    kind("accounts.proxy.granted", "代理の設定", "代理を {first} から設定しました。", keys="first last reason"),
    kind(
        "accounts.member_number.set", "会員番号の登録", "会員番号（{supplier}）を登録しました。", keys="supplier first"
    ),
    kind("accounts.totp.enrolled", "認証アプリの登録", "認証アプリを登録しました。"),
    kind("accounts.recovery_codes.issued", "回復コードの発行", "回復コードを {count} 個発行しました。", keys="count"),
    kind(
        "accounts.recovery_code.used",
        "回復コードの使用",
        "回復コードを使いました（残り {left} 個）。",
        keys="left",
    ),
    kind("accounts.signin.password_ok", "パスワードの確認", "パスワードを確かめました。"),
    kind(
        "accounts.signin.password_wrong",
        "サインインの失敗",
        "パスワードによるサインインに失敗しました。",
        personal="login address",
    ),
    kind(
        "accounts.signin.limited",
        "サインインの制限",
        "失敗が続いたため、サインインを一時的に止めました。",
        personal="login address",
    ),
    kind("accounts.signin.second_factor_wrong", "確認コードの誤り", "確認コードが違いました。"),
    kind(
        "accounts.signin.completed", "サインイン", "サインインしました（{method}）。", keys="method", personal="address"
    ),
    kind("accounts.signout.done", "サインアウト", "サインアウトしました（{reason}）。", keys="reason"),
    kind("accounts.password.changed", "パスワードの変更", "パスワードを変更しました（{way}）。", keys="way"),
    kind(
        "accounts.step_up.completed",
        "本人の再確認",
        "重要な操作の前に、本人を確かめました（{method}）。",
        keys="method",
    ),
    kind(
        "accounts.confirmation.asked",
        "二人確認の依頼",
        "「{kind}」の確認を、ほかの担当者に依頼しました。",
        keys="kind digest",
        personal="reason",
    ),
    kind("accounts.confirmation.given", "二人確認", "「{kind}」を確かめました。", keys="kind from to digest"),
    kind(
        "accounts.confirmation.refused",
        "二人確認の差戻し",
        "「{kind}」の依頼を差し戻しました。",
        keys="kind from to",
        personal="reason",
    ),
    kind(
        "accounts.confirmation.withdrawn",
        "二人確認の取り下げ",
        "「{kind}」の依頼を取り下げました。",
        keys="kind from to",
    ),
    kind(
        "accounts.confirmation.lapsed",
        "二人確認の失効",
        "「{kind}」の依頼は、対象が変わったため終わりました。",
        keys="kind from to why",
    ),
    kind("accounts.office.registered", "拠点の登録", "拠点を登録しました。", keys="code"),
    kind("accounts.department.registered", "所属の登録", "所属を登録しました。", keys="code"),
    kind("accounts.contract.registered", "契約の登録", "契約を登録しました。", keys="first last closing_day"),
    kind(
        "accounts.public_text.published",
        "掲示ページの変更",
        "「{title}」を {first} から差し替えました。",
        keys="slug title first",
    ),
    kind(
        "accounts.dated.added",
        "規則の追加",
        "「{table}」に「{subject}」の行を {first} から加えました。",
        keys="table subject values first last source confidence ended",
    ),
    kind(
        "accounts.dated.ended",
        "規則の終了",
        "「{table}」の「{subject}」の行を {last} で終えました。",
        keys="table subject values first last before",
    ),
    kind(
        "accounts.dated.withdrawn",
        "規則の取り下げ",
        "「{table}」の「{subject}」の、{first} から始まるはずの行を取り下げました。",
        keys="table subject values first last source confidence resumed",
    ),
    kind(
        "accounts.dated.imported",
        "規則の取込",
        "「{table}」にファイルを取り込みました（追加 {added} 行、終了 {ended} 行）。",
        keys="table added ended unchanged bad sha256",
    ),
    kind(
        "accounts.dated.downloaded",
        "規則のダウンロード",
        "「{table}」の {rows} 行をダウンロードしました。",
        keys="table rows",
    ),
]

# How codes read in sentences; actions of all rooms, since `accounts.permissions` holds their table.
WORDS = {
    "role": {
        "employee": "利用者",
        "approver": "承認者",
        "admin": "管理者",
        "billing": "請求担当者",
        "operator": "オペレータ",
        "auditor": "監査者",
    },
    "method": {"totp": "認証アプリ", "recovery_code": "回復コード"},
    "reason": {"person": "本人の操作", "limit": "時間切れ"},
    "confidence": {"high": "高", "medium": "中", "low": "低"},
    "format": {"csv": "CSV", "xlsx": "Excel", "json": "JSON（照合用）"},
    "way": {"change": "本人の変更", "reset": "メールからの再設定"},
    "kind": {
        "password_reset": "パスワードの再設定",
        "trip_result": "予約結果のお知らせ",
        "cancelled": "取消のお知らせ",
        "invoice": "請求書のお知らせ",
    },
    "action": {
        "accounts.person.read": "利用者の閲覧",
        "accounts.member_number.read": "会員番号の閲覧",
        "accounts.public_text.edit": "掲示ページの変更",
        "accounts.confirmation.read": "二人確認の閲覧",
        "accounts.dated.read": "規則の表の閲覧",
        "accounts.dated.edit": "規則の表の変更",
        "audit.event.read": "記録の閲覧",
        "audit.mail.read": "送信メールの閲覧",
        "booking.search": "出張の検索",
        "booking.trip.read": "出張の閲覧",
        "booking.trip.arrange": "出張の手配",
        "booking.reservation.record": "手配の記録",
        "booking.feed.import": "利用実績の取込",
        "booking.feed.read": "利用実績の閲覧",
        "billing.period.read": "締めの閲覧",
        "billing.period.close": "締め",
        "billing.invoice.read": "請求書の閲覧",
        "billing.invoice.issue": "請求書の発行",
        "billing.invoice.send": "請求書の送付",
        "billing.usage.read": "利用状況の閲覧",
        "billing.ledger.read": "費用台帳の閲覧",
    },
}
