"""The demo's offices, departments and people."""

import csv
import datetime as dt
import hashlib
from dataclasses import dataclass

from django.conf import settings

from accounts.models import Department, Office, Role, User
from accounts.services import (
    assign_approver,
    enrol_totp,
    grant_proxy,
    grant_role,
    issue_user,
    publish_text,
    register_contract,
    register_department,
    register_office,
    service_actor,
    set_member_number,
    set_membership,
)

DEMO = service_actor("demo")
START, END = dt.date(2024, 7, 1), dt.date(2027, 6, 30)
DEPARTMENTS = {
    "HQ": ["総務部", "経営企画部", "技術監理部", "都市再生部", "住宅経営部", "経理資金部", "監査室"],
    "TOHOKU": ["総務企画部", "復興支援部", "いわき復興支援事務所"],
    "EAST_URBAN": ["総務部", "都市再生業務部", "事業推進部", "基盤整備部"],
    "EAST_RENTAL": ["総務部", "住宅経営部", "ストック活用部", "団地マネージャー部"],
    "CHUBU": ["総務企画部", "都市再生業務部", "住宅経営部", "地域連携課"],
    "WEST": ["総務部", "都市再生業務部", "住宅経営部", "団地再生部"],
    "KYUSHU": ["総務企画部", "都市再生業務部", "住宅経営部", "団地再生課"],
}
FAMILY = "青木/アオキ 宮﨑/ミヤザキ 髙橋/タカハシ 𠮷田/ヨシダ 伊藤/イトウ 渡邉/ワタナベ 森本/モリモト 大野/オオノ 德永/トクナガ 小林/コバヤシ 中村/ナカムラ 藤井/フジイ 山﨑/ヤマサキ 石川/イシカワ 前田/マエダ 岡本/オカモト 村上/ムラカミ 近藤/コンドウ 坂本/サカモト 遠藤/エンドウ"
GIVEN = "千尋/チヒロ 吉彦/ヨシヒコ 玲/レイ 光/ヒカル 葵/アオイ 翔/ショウ 健/ケン 美咲/ミサキ 悠/ユウ 恵/メグミ 誠/マコト 直子/ナオコ 隆/タカシ 薫/カオル 陽子/ヨウコ"
# The people who are printed at the start: login, name, roles, office, department, post.
NAMED = [
    ("10000001", 0, 0, [Role.EMPLOYEE], "HQ", 2, "主査"),
    ("10000002", 1, 1, [Role.EMPLOYEE, Role.APPROVER], "HQ", 2, "部長"),
    ("10000003", 6, 4, [Role.EMPLOYEE], "HQ", 2, "担当"),
    ("10000004", 4, 3, [Role.EMPLOYEE, Role.ADMIN], "HQ", 0, "課長"),
    ("10000005", 8, 5, [Role.EMPLOYEE, Role.ADMIN], "KYUSHU", 0, "課長"),
    ("10000006", 5, 9, [Role.EMPLOYEE, Role.BILLING], "KYUSHU", 0, "経理担当"),
    ("90000001", 2, 2, [Role.OPERATOR], "HQ", 0, "手配担当"),
    ("90000002", 7, 6, [Role.OPERATOR], "HQ", 0, "手配担当"),
    ("80000001", 3, 7, [Role.AUDITOR], "HQ", 6, "監査担当"),
]
TEXTS = [
    ("registration", "旅行業登録票", "登録番号　観光庁長官登録旅行業第0000号\n登録年月日　平成00年0月0日\n有効期間　令和6年7月1日から令和11年6月30日まで\n氏名又は名称　株式会社あおぞら旅行サービス\n営業所の名称　公共法人営業所\n旅行業務取扱管理者の氏名　見本 花子\n\n（この登録票は見本です。実在の登録ではありません。）"),
    ("terms", "旅行業約款", "手配旅行契約の部\n\n当社は、手配旅行契約により、お客様の委託に基づき、代理、媒介又は取次をすること等により、お客様が運送・宿泊機関等の提供する運送、宿泊その他の旅行に関するサービスの提供を受けることができるように手配することを引き受けます。\n\nお客様は、いつでも手配旅行契約の全部又は一部を解除することができます。そのとき、既に提供を受けたサービスの対価、取消料その他の未提供のサービスに係る費用、取消手続料金を支払っていただきます。\n\n（この約款は見本です。運用前に認可を受けた約款に差し替えてください。）"),
    ("fees", "旅行業務取扱料金表", "取扱料金　この契約では申し受けません。\n変更手続料金　この契約では申し受けません。\n取消手続料金　この契約では申し受けません。\n\n運送・宿泊機関が定める払戻手数料・取消料は、別に申し受けます。\n\n（この料金表は見本です。）"),
    ("privacy", "個人情報の取扱い", "お預かりした氏名、所属、連絡先、会員番号は、出張の手配、請求、記録のためにだけ使います。手配に必要な範囲で、運送・宿泊機関に提供します。\n\n（この文面は見本です。）"),
    ("accessibility", "アクセシビリティ", "このポータルは、JIS X 8341-3:2016 のレベルAAに沿うことを目標にしています。使いにくいところがありましたら、出張手配の窓口へお知らせください。"),
]  # fmt: skip
ISSUER = {
    "name": "株式会社あおぞら旅行サービス",
    "registration_number": "T1234567890123",
    "postcode": "100-0000",
    "address": "東京都千代田区見本町1-2-3",
    "telephone": "03-0000-0000",
    "hours": "平日 9:00–18:00",
    "bank": "みどり銀行 本店営業部 普通 1234567",
    "account_holder": "カ)アオゾラリョコウサービス",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of the demo."""

    named: dict[str, User]
    everybody: list[User]


def password_of(login_id: str) -> str:
    """The demo password of a person."""
    return f"Aozora-{login_id}-tabi"


def totp_key_of(login_id: str) -> bytes:
    """The demo seed of a person's authenticator, 20 bytes."""
    return hashlib.sha1(f"demo:{login_id}".encode(), usedforsecurity=False).digest()


def make_cast(count: int) -> Cast:
    """Contract, seven offices, 30 departments and `count` people (40 or more)."""
    register_contract(
        DEMO,
        title="令和6年度国内出張チケット手配等業務",
        client_name="独立行政法人みらい都市機構",
        first=START,
        last=END,
        closing_day=31,
        issuer=ISSUER,
        estimates={"予約": (5000, 68_000_000), "配送": (100, None)},
    )
    for position, (slug, title, body) in enumerate(TEXTS):
        publish_text(DEMO, slug=slug, title=title, body=body, first=START, position=position)
    departments = _departments()
    named = {row[0]: _named(row, departments) for row in NAMED}
    everybody = list(named.values())
    offices = list(DEPARTMENTS)
    for n in range(max(0, count - len(NAMED))):
        office = offices[n % len(offices)]
        rooms = departments[office]
        everybody.append(_employee(n, rooms[n // len(offices) % len(rooms)]))
    chief, one = named["10000002"], named["10000001"]
    for person in everybody:
        if person != chief:
            assign_approver(DEMO, person, approver=chief, first=START, source="見本データ")
    grant_proxy(DEMO, principal=one, deputy=named["10000003"], first=START, reason="課内の代理")
    return Cast(named, everybody)


def _departments() -> dict[str, list[Department]]:
    with (settings.BASE_DIR / "data" / "offices.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    made: dict[str, list[Department]] = {}
    for row in rows:
        office: Office = register_office(
            DEMO,
            code=row["code"],
            position=int(row["seq"]),
            first=START,
            details={
                "name": row["name"],
                "kana": row["name_kana"],
                "postcode": row["postcode"],
                "address": row["address"],
                "prefecture": row["address"][:3] if row["address"][3] != "県" else row["address"][:4],
                "nearest_station": row["nearest_station"],
                "nearest_airport": row["nearest_airport"],
                "source": "data/offices.csv",
            },
        )
        made[row["code"]] = [
            register_department(DEMO, code=f"{row['code']}-{n:02d}", name=name, office=office)
            for n, name in enumerate(DEPARTMENTS[row["code"]], start=1)
        ]
    return made


def _named(row: tuple[str, int, int, list[Role], str, int, str], departments: dict[str, list[Department]]) -> User:
    login_id, family, given, roles, office, department, post = row
    return _person(login_id, family, given, roles, departments[office][department], post)


def _employee(n: int, department: Department) -> User:
    # One of each office's general affairs receives its invoices; 九州支社 has its own among those who are printed.
    is_contact = n < len(DEPARTMENTS) and not department.code.startswith("KYUSHU")
    roles, post = ([Role.EMPLOYEE, Role.BILLING], "経理担当") if is_contact else ([Role.EMPLOYEE], "")
    return _person(f"2{n:07d}", n * 7 + 3, n * 3 + n // 15 + 1, roles, department, post)


def _person(login_id: str, family: int, given: int, roles: list[Role], department: Department, post: str) -> User:
    surname, surname_kana = FAMILY.split()[family % len(FAMILY.split())].split("/")
    first, first_kana = GIVEN.split()[given % len(GIVEN.split())].split("/")
    user = issue_user(
        DEMO,
        login_id=login_id,
        name=f"{surname} {first}",
        kana=f"{surname_kana} {first_kana}",
        email=f"u{login_id}@mirai-toshi.example",
        password=password_of(login_id),
        post=post,
    )
    enrol_totp(DEMO, user, key=totp_key_of(login_id), name="認証アプリ")
    for role in roles:
        grant_role(DEMO, user, role=role, first=START, reason="見本データ")
    set_membership(DEMO, user, department=department, first=START, source="見本データ")
    if Role.EMPLOYEE in roles:
        set_member_number(DEMO, user, supplier="jal_online", number=f"3{login_id[:8]}"[:9], first=START)
        set_member_number(DEMO, user, supplier="ex", number=f"90{login_id}", first=START)
        set_member_number(DEMO, user, supplier="ex_card", number=f"00000090{login_id}", first=START)
    return user
