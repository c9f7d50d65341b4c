"""Kinds of events that this room records."""

from lib.registry import kind

STEP = "from to why"
KINDS = [
    kind(
        "booking.search.opened",
        "検索",
        "出張の候補を探しました（{out_on}）。",
        keys="out_on back_on nights origin destination",
    ),
    kind(
        "booking.search.answered", "検索の回答", "手配先の回答を受け取りました（{offers}件）。", keys="part offers why"
    ),
    kind("booking.trip.drafted", "出張の下書き", "出張 {number} の下書きを作りました。", keys="number first last"),
    kind("booking.trip.rechosen", "候補の選び直し", "出張 {number} の候補を選び直しました。", keys="number version"),
    kind("booking.trip.submitted", "申請", "出張を申請しました（{total}円）。", keys=f"{STEP} total version"),
    kind("booking.trip.released", "出張の確定", "出張を確定しました（上限 {total}円）。", keys=f"{STEP} total version"),
    kind("booking.trip.raised", "上限額の変更", "新しい料金を確かめ、上限を {total}円にしました。", keys="total price"),
    kind("booking.trip.withdrawn", "出張の取り下げ", "出張を取り下げました。", keys=STEP),
    kind("booking.trip.closed", "出張の完了", "出張が完了しました。", keys=STEP),
    kind("booking.reservation.sending", "予約の開始", "予約を始めました。", keys=f"{STEP} reference max_yen"),
    kind(
        "booking.reservation.booked",
        "予約確定",
        "予約が確定しました（{number}）。",
        keys=f"{STEP} number price hold_until",
    ),
    kind("booking.reservation.failed", "予約できず", "予約できませんでした（{why}）。", keys=STEP),
    kind("booking.reservation.unknown", "確認中", "手配先の回答が届かず、確認を始めました。", keys=f"{STEP} verb"),
    kind("booking.reservation.ticketing", "発券の開始", "発券を始めました。", keys=f"{STEP} max_yen"),
    kind(
        "booking.reservation.ticketed", "発券", "発券しました（{number}）。", keys=f"{STEP} number ticket price source"
    ),
    kind("booking.reservation.not_ticketed", "発券できず", "発券できませんでした（{why}）。", keys=f"{STEP} verb"),
    kind(
        "booking.reservation.cancelling", "取消の開始", "取消を始めました（上限 {max_yen}円）。", keys=f"{STEP} max_yen"
    ),
    kind(
        "booking.reservation.cancelled",
        "取消",
        "取り消しました（取消料 {fee}円）。",
        keys=f"{STEP} fee refund refunded_on source",
    ),
    kind(
        "booking.reservation.refunded",
        "払戻",
        "払戻を記録しました（引かれた額 {kept}円）。",
        keys="kept booked_on source",
    ),
    kind(
        "booking.reservation.not_used",
        "不使用",
        "使われなかったことを記録しました（引かれた額 {kept}円）。",
        keys=f"{STEP} kept booked_on source",
    ),
    kind("booking.reservation.not_cancelled", "取消できず", "取り消せませんでした（{why}）。", keys=f"{STEP} verb"),
    kind(
        "booking.reservation.changing", "変更の開始", "変更を始めました（上限 {max_yen}円）。", keys=f"{STEP} max_yen"
    ),
    kind(
        "booking.reservation.changed",
        "変更",
        "変更しました（{service}、差額 {difference}円、手数料 {fee}円）。",
        keys=f"{STEP} service departs price difference fee ticket source",
    ),
    kind("booking.reservation.not_changed", "変更できず", "変更できませんでした（{why}）。", keys=f"{STEP} verb"),
    kind("booking.change.proposed", "変更の検討", "変更先を選びました（{kind}）。", keys="kind"),
    kind("booking.change.dropped", "変更の取りやめ", "変更を取りやめました。", keys=STEP),
    kind(
        "booking.change.confirmed",
        "変更の確認",
        "変更を確かめて進めました（費用の上限 {max_cost}円）。",
        keys=f"{STEP} kind max_cost max_fee",
    ),
    kind("booking.change.done", "変更の完了", "変更が終わりました。", keys=STEP),
    kind("booking.change.refused", "変更の不成立", "変更は成立しませんでした（{why}）。", keys=STEP),
    kind("booking.reservation.expired", "期限切れ", "確保の期限が過ぎました。", keys=STEP),
    kind("booking.reservation.used", "利用済", "利用日が過ぎました。", keys=STEP),
    kind("booking.reservation.handed_off", "手配先サイトでの予約", "手配先サイトでの予約に移りました。", keys=STEP),
    kind("booking.reservation.withdrawn", "取りやめ", "予約を取りやめました（{why}）。", keys=STEP),
    kind(
        "booking.reservation.recorded",
        "手配の記録",
        "オペレータが手配を記録しました（{number}）。",
        keys="number price way tax_basis",
    ),
    kind(
        "booking.reservation.kept",
        "予約待ち",
        "手配先の受付が始まるまで、予約を待つことにしました。",
        keys=f"{STEP} not_before",
    ),
    kind(
        "booking.reservation.waits_on",
        "予約待ちの延長",
        "手配先がまだ受け付けていないため、待ち続けることにしました。",
        keys="not_before",
    ),
    kind("booking.reservation.stopped", "予約の一時停止", "予約を止めて確かめています（{why}）。", keys=STEP),
    kind(
        "booking.reservation.renewed", "候補の取り直し", "同じ候補を手配先で取り直しました（{price}円）。", keys="price"
    ),
    kind("booking.call.sent", "手配先への送信", "手配先へ要求を送りました。", keys="verb"),
    kind(
        "booking.call.asked",
        "手配先への照会",
        "手配先に予約の有無を照会しました（見つかった予約 {found}件）。",
        keys="verb found asks",
    ),
    kind("booking.call.hurried", "照会の依頼", "オペレータが、すぐに照会するよう求めました。", keys="verb"),
    kind(
        "booking.call.settled",
        "手による確認",
        "オペレータが、手配先に確かめた結果を記録しました（{why}）。",
        keys="verb happened why",
    ),
    kind(
        "booking.charge.added",
        "費用の計上",
        "費用を計上しました（{amount}円）。",
        keys="kind amount used_on billing_on rule source",
    ),
    kind(
        "booking.charge.reversed",
        "費用の取消",
        "費用を取り消しました（{amount}円）。",
        keys="kind amount used_on billing_on rule source",
    ),
    kind(
        "booking.charge.corrected",
        "費用の訂正",
        "費用を訂正しました（{amount}円）。",
        keys="kind amount used_on billing_on rule source",
    ),
    kind(
        "booking.charge.transferred",
        "費用の付替",
        "所属の変更により、費用を拠点の間で付け替えました（{amount}円）。",
        keys="kind amount used_on billing_on rule source",
    ),
    kind(
        "booking.claim.opened",
        "返金待ちの発生",
        "返金待ちになりました（計上した額 {charged}円）。",
        keys="charged expected",
    ),
    kind(
        "booking.claim.restated",
        "返金の見込みの変更",
        "返金待ちの額が変わりました（計上した額 {charged}円）。",
        keys="charged expected",
    ),
    kind("booking.claim.settled", "返金", "返金待ちが終わりました。", keys=f"{STEP} expected"),
    kind(
        "booking.claim.voided", "返金待ちの取りやめ", "予約を残すため、返金待ちをやめました。", keys=f"{STEP} expected"
    ),
    kind("booking.claim.explained", "返金の差の理由", "予定と違う額が戻った理由を記録しました。", keys="expected"),
    kind("booking.claim.closed", "返金なし", "返金待ちを、返金なしで終えました。", keys=f"{STEP} reason expected"),
    kind(
        "booking.claims.downloaded",
        "返金待ちのダウンロード",
        "返金待ちの一覧をダウンロードしました（{rows}件）。",
        keys="rows sha256",
    ),
    kind("booking.feed.uploaded", "利用実績の受付", "利用実績のファイルを受け付けました。", keys="connection sha256"),
    kind(
        "booking.feed.imported",
        "利用実績の取込",
        "利用実績を取り込みました（{rows}行）。",
        keys="rows matched added unmatched bad repeated outdated",
    ),
    kind("booking.feed.refused", "利用実績の不可", "利用実績を取り込めませんでした（{why}）。", keys="why"),
    kind(
        "booking.disruption.entered",
        "運休・欠航の登録",
        "{day}の{service}の運休・欠航を登録しました（対象 {people}件）。",
        keys="supplier service day kind people refund_until change_until",
    ),
    kind(
        "booking.disruption.corrected",
        "運休・欠航の訂正",
        "{day}の{service}の運休・欠航を訂正しました（{version}版、対象 {people}件）。",
        keys="service day kind people version refund_until change_until",
    ),
    kind(
        "booking.disruption.withdrawn",
        "運休・欠航の取り下げ",
        "{day}の{service}の運休・欠航を取り下げました（対象 {people}件）。",
        keys="service day people version",
    ),
    kind(
        "booking.disruption.told", "運休・欠航の連絡", "{service}の運休・欠航を知らせました。", keys="service version"
    ),
    kind(
        "booking.disruption.fee_stated",
        "無料のはずの額",
        "{service}は無料の決まりですが、手配先が{fee}円を示しました。",
        keys="service fee",
    ),
    kind("booking.disruption.followed_up", "運休・欠航の対応", "{service}のことで連絡しました。", keys="service"),
    kind("booking.connection.set", "接続の設定", "手配先の接続を設定しました（{code}）。", keys="code way"),
    kind(
        "booking.connection.rested",
        "接続の休止",
        "手配先の接続を休ませました（{code}）。",
        keys="code because until",
    ),
    kind("booking.connection.answered", "接続の回復", "手配先の応答が戻りました（{code}）。", keys="code"),
    kind("booking.connection.resumed", "接続の再開", "止めていた手配先の接続を再開しました（{code}）。", keys="code"),
    kind("booking.connection.paused", "接続の停止", "手配先の接続を止めました（{why}）。", keys="code why"),
]
