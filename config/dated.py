"""The tables of dated rows on the generic screen of accounts: one entry each; their order is that of the list."""

from collections.abc import Mapping

import accounts.models
import accounts.queries
import booking.models
from lib.registry import DatedColumn as Column
from lib.registry import DatedTable


def _contract() -> Mapping[str, str]:
    return {title: title for title in accounts.models.Contract.objects.values_list("title", flat=True)}


def _offices() -> Mapping[str, str]:
    return {office.code: office.name for office in accounts.queries.offices()}


BASES = {"exact": "公表日", "derived": "推定", "in_force_by": "この日には有効"}
SUPPLIERS = {"jal_online": "JALオンライン", "ex": "エクスプレス予約", "yado_net": "ヤドネット"}
READ, EDIT = "accounts.dated.read", "accounts.dated.edit"
CONTRACT = Column("contract", label="契約", options=_contract, key="title")
POSTCODE = Column("postcode", pattern=r"[0-9]{3}-[0-9]{4}", example="100-0001")
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
# Kinds of rules as the fare calculation asks for them.
RAIL_RULES = {
    "base_fare": "運賃",
    "base_rate": "運賃の賃率",
    "base_addon": "運賃の加算額",
    "base_special": "運賃の特例",
    "express_reserved": "特急料金（指定席）",
    "express_reserved_pair": "特急料金（指定席・区間）",
    "express_nonreserved": "特急料金（自由席）",
    "express_nonreserved_pair": "特急料金（自由席・区間）",
    "express_nonreserved_adjacent": "特急料金（自由席・隣接駅）",
    "express_through": "特急料金（会社またがり）",
    "express_relay_discount": "特急料金（乗継割引）",
    "express_tokyo": "特急料金（東京駅の加算）",
    "surcharge": "列車の加算",
    "surcharge_pair": "列車の加算（区間）",
    "season": "シーズンの加減",
    "green": "グリーン料金",
    "green_reduction": "グリーン利用時の差引",
    "granclass_a": "グランクラス料金（飲食あり）",
    "granclass_b": "グランクラス料金（飲食なし）",
}
# How units stand in the rail tariff.
RAIL_UNITS = {"yen": "円", "yen_per_km": "円/km", "percent": "％", "delta": "加減（円）", "rule": "規則"}

TABLES = (
    DatedTable(
        slug="tax-classes",
        label="税区分",
        model=booking.models.TaxRule,
        subject=("kind",),
        columns=(Column("kind"), Column("tax_class")),
        help="費用の種別ごとの消費税の区分。費用を計上するとき、利用日に有効な区分を使います。",
        freeze="すでに計上した費用の税区分は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="natures",
        label="手配先ごとの取扱い",
        model=booking.models.SupplierNature,
        subject=("supplier",),
        columns=(
            Column("supplier", options=lambda: SUPPLIERS),
            Column("nature"),
            Column("payee", hint="立替金の支払先として請求書に載せる名称。"),
            Column("registration_number", pattern=r"T[0-9]{13}", example="T1234567890123"),
            Column("kept_as", hint="取消のときに手配先に残る額。鉄道は払戻手数料、航空と宿泊は取消手数料。"),
        ),
        help="手配先の商品を、自社売上・立替金・媒介者交付特例のどれで請求するか。未設定の費用があるあいだは締められません。",
        freeze="すでに計上した費用の取扱いは変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="billing-days",
        label="請求日の規則",
        model=booking.models.BillingDayRule,
        subject=("subject",),
        columns=(Column("subject"), Column("basis"), Column("reason")),
        help="どの日の月に請求するか。費用を計上するとき、利用日に有効な規則を使います。",
        freeze="すでに計上した費用の請求日は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="supplier-hours",
        label="受付時間・保守",
        model=booking.models.SupplierHours,
        subject=("supplier", "kind", "begins"),
        columns=(
            Column("supplier", options=lambda: SUPPLIERS),
            Column("kind"),
            Column("begins", pattern=TIME, example="05:30"),
            Column("ends", hint="始まり以前の時刻は、翌日の時刻とみなします。", pattern=TIME, example="05:30"),
        ),
        help="手配先が予約を受け付ける時間と、受け付けない時間。受け付けないあいだに確定した予約は、受付が始まるまで待ちます。"
        "行がない手配先は、いつでも受け付けるものとして扱います。",
        freeze="すでに待っている予約は、待ち始めたときの時刻になったら、もう一度この表で確かめます。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="sale-openings",
        label="発売開始",
        model=booking.models.SaleOpening,
        subject=("supplier",),
        columns=(
            Column("supplier", options=lambda: SUPPLIERS),
            Column("days_before", unit="日前", high=400, hint="か月で決まるときは空にしてください。"),
            Column(
                "months_before",
                unit="か月前",
                high=13,
                hint="同じ日がない月は、その翌月の1日。日数で決まるときは空にしてください。",
            ),
            Column("opens", pattern=TIME, example="05:30"),
        ),
        help="利用日のどれだけ前に売り始めるか。発売前に確定した予約は、発売まで待ちます。行がない手配先は、待ちません。",
        freeze="すでに待っている予約は、待ち始めたときの時刻になったら、もう一度この表で確かめます。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="agency-fees",
        label="取扱手数料",
        model=booking.models.AgencyFee,
        subject=("service",),
        columns=(
            Column("service"),
            Column("yen", unit="円", hint="税込。料率で決めるときは空にしてください。"),
            Column("percent", unit="％", high=100, hint="予約の金額に対する割合。10円未満は切り捨てます。"),
        ),
        help="オペレータの手配で申し受ける手数料。行がない取扱いは無料です。料金表の掲示と合わせてください。",
        freeze="すでに計上した手数料は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="refund-limits",
        label="返金を待つ日数",
        model=booking.models.RefundLimit,
        subject=("supplier",),
        columns=(Column("supplier", options=lambda: SUPPLIERS), Column("wait_days", unit="日", high=365)),
        help="取り消したあと、この日数を過ぎても返金がないものを、オペレータの要対応に出します。行がない手配先は出しません。",
        freeze="すでに終わった返金待ちは変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="stay-taxes",
        label="宿泊税・入湯税",
        model=booking.models.StayTaxRule,
        subject=("municipality_code", "kind", "lower_yen"),
        columns=(
            Column("kind"),
            Column("place"),
            Column("level"),
            Column("prefecture"),
            Column("municipality_code", hint="6桁の団体コード。標準の行は空にしてください。"),
            Column("lower_yen", unit="円", hint="消費税と食事を除いた1人1泊の室料。"),
            Column("upper_yen", unit="円", hint="この額まで。上限がないときは空にしてください。"),
            Column("tax_yen", unit="円"),
            Column("tax_percent", unit="％", hint="定率のときだけ。1円未満は切り捨てます。"),
            Column("cap_yen", unit="円"),
            Column("combine"),
        ),
        help="1人1泊の税額。宿泊日に有効な行を使います。手配先が税額を示したときは、その額が優先します。",
        freeze="すでに計上した税額は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="airport-charges",
        label="旅客施設使用料",
        model=booking.models.AirportCharge,
        subject=("airport",),
        columns=(
            Column("airport", pattern=r"[A-Z]{3}", example="HND"),
            Column("adult_yen", unit="円"),
            Column("date_rule"),
            Column("from_basis", label="開始日の根拠", options=lambda: BASES),
        ),
        help="空港ごと・1回ごとの大人の額(税込)。手配先が額を示したときは、その額が優先します。",
        freeze="すでに計上した額は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="contract-terms",
        label="契約の設定",
        model=accounts.models.ContractTerms,
        subject=("contract",),
        columns=(
            CONTRACT,
            Column("closing_day", unit="日", low=1, high=31, hint="月末で締めるときは31にしてください。"),
            Column("due_months", unit="か月", high=12, hint="締めた月の何か月あとの月末が支払期限か。"),
            Column("fare_split", hint="往復や通しの運賃を、区間にどう分けるか。"),
            Column("tax_rounding", hint="請求書ごと・税率ごとに1回だけ端数を処理します。"),
            Column("delivery_split"),
            Column("waits_for_membership"),
            Column("waits_for_unknown"),
            Column("waits_for_feeds"),
        ),
        help="締め日、支払期限、端数と分け方、締めを止める条件。",
        freeze="すでに始まった締めの期間の末日と、発行した請求書の支払期限は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="issuers",
        label="請求書の発行者",
        model=accounts.models.Issuer,
        subject=("contract",),
        columns=(
            CONTRACT,
            Column("name"),
            Column("registration_number", pattern=r"T[0-9]{13}", example="T1234567890123"),
            POSTCODE,
            Column("address"),
            Column("telephone"),
            Column("hours"),
            Column("bank"),
            Column("account_holder"),
        ),
        help="請求書に載せる発行者の名称・登録番号・振込先。電話と受付時間は、画面の下にも表示します。",
        freeze="発行した請求書は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="offices",
        label="拠点の名称・住所",
        model=accounts.models.OfficeDetails,
        subject=("office",),
        columns=(
            Column("office", label="拠点", options=_offices, key="code"),
            Column("name"),
            Column("kana"),
            POSTCODE,
            Column("address"),
            Column("prefecture"),
            Column("nearest_station"),
            Column("nearest_airport", hint="3文字の空港コード", pattern=r"[A-Z]{3}", example="FUK"),
        ),
        help="請求書の宛先と、出張の出発地に使う拠点の名称・住所。",
        freeze="発行した請求書の宛先は変わりません。",
        read=READ,
        edit=EDIT,
    ),
    DatedTable(
        slug="rail-fares",
        label="鉄道の運賃・料金",
        model=booking.models.RailFareRule,
        subject=("rule_id",),
        columns=(
            Column(
                "rule_id",
                label="番号",
                hint="いまの規則を改めるときは同じ番号、新しい規則にはまだない番号を入れてください。",
            ),
            Column("rule_type", label="種類", options=lambda: RAIL_RULES),
            Column("operator", label="会社", hint="ほかの行と同じ書き方で。例:JR東海・JR西日本"),
            Column("line", label="路線"),
            Column("train", label="列車"),
            Column("from_station", label="発駅"),
            Column("to_station", label="着駅"),
            Column("km_over", label="キロ（超）", unit="km"),
            Column("km_upto", label="キロ（以下）", unit="km"),
            Column("amount", label="額", hint="公表されたとおりに入力してください。"),
            Column("unit", label="単位", options=lambda: RAIL_UNITS),
            Column("note", label="備考"),
        ),
        help="運賃・料金の目安の計算に使う規則。購入日に有効な行を使います。",
        freeze="すでに表示した目安と、計上した費用は変わりません。",
        read=READ,
        edit=EDIT,
    ),
)
