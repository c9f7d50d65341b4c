"""Kinds of events that this room records."""

from lib.registry import kind

KINDS = [
    kind("billing.period.opened", "締め期間の作成", "締めの期間を作りました。", keys="first last"),
    kind("billing.period.closing", "締めの開始", "締めを始めました。", keys="from to why"),
    kind("billing.period.reopened", "締めの中止", "締めを中止しました（{why}）。", keys="from to why"),
    kind(
        "billing.period.closed", "締め", "締めました（{lines}件 {total}円）。", keys="from to why lines total invoice"
    ),
    kind(
        "billing.invoice.issued",
        "請求書の発行",
        "請求書 {number} を発行しました（{total}円）。",
        keys="number total lines",
    ),
    kind(
        "billing.invoice.reissued",
        "請求書の再発行",
        "請求書 {number} の写しを発行しました。",
        keys="number",
        personal="reason",
    ),
    kind(
        "billing.invoice.corrected",
        "請求書の修正",
        "請求書 {number} を修正しました（{position}回目）。",
        keys="number position fields",
        personal="reason",
    ),
    kind(
        "billing.invoice.sent",
        "請求書の送付",
        "請求書 {number} を{recipients}名の請求担当者に送りました。",
        keys="number recipients again",
    ),
    kind("billing.one_off.issued", "一時費用の請求", "一時費用の請求書 {number} を発行しました。", keys="number"),
    kind("billing.invoice.printed", "請求書PDFの作成", "請求書のPDFを作りました。", keys="sha256"),
    kind("billing.invoice.downloaded", "請求書のダウンロード", "請求書をダウンロードしました。", keys="number"),
    kind(
        "billing.usage.downloaded",
        "利用状況のダウンロード",
        "利用状況をダウンロードしました（{rows}件）。",
        keys="first last rows encoding",
    ),
    kind(
        "billing.invoice_data.downloaded",
        "請求書データのダウンロード",
        "請求書 {number} を{format}でダウンロードしました（{rows}件）。",
        keys="number format rows sha256",
    ),
    kind(
        "billing.ledger.downloaded",
        "費用台帳のダウンロード",
        "費用台帳をダウンロードしました（{rows}件）。",
        keys="first last rows sha256",
    ),
]
