"""Why a charge is where it is, in words, where no row of the contract says it."""

from collections.abc import Mapping

# rule of a charge -> why, when what holds without a row of the contract put it there
WHY: Mapping[str, str] = {
    "ride_date": "契約に別の定めがないため、乗車・搭乗した日で請求します。",
    "issue_date": "契約の定めにより、発券した日で請求します。",
    "night": "契約に別の定めがないため、泊まった日ごとに請求します。",
    "check_out": "契約の定めにより、チェックアウトの日にまとめて請求します。",
    "planned_date": "予定していた利用日が先か、その期間がまだ締められていなかったため、予定していた利用日で請求します。",
    "happened_on": "予定していた利用日の期間が締め済だったか、契約の定めにより、起きた日で請求します。",
    "as_original": "元の費用の金額を変えるものなので、元の費用と同じ日に置きます。",
    "dispatch_date": "配送料は、発送した日で請求します。",
    "with_subject": "契約に別の定めがないため、取り扱った手配の利用日で請求します。",
    "agreed_date": "一時費用は、二人で確かめた依頼の取引日で請求します。",
}
