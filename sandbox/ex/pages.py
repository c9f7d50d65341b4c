"""The pages of the practice site: plain HTML, no JavaScript, usable by keyboard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from html import escape
from urllib.parse import urlencode

from sandbox.inventory.rail import SEATS
from sandbox.messages import Answer, Json

SITE = "エクスプレス予約(見本)"
NOTICE = "これは練習用の見本サイトです(実在のエクスプレス予約ではありません)"
HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
STYLE = """
:root { font-family: "BIZ UDPGothic", "Noto Sans JP", sans-serif; line-height: 1.7; color: #1a1a1c; background: #fff }
body { max-width: 60rem; margin: 0 auto; padding: 0 1rem 3rem }
.notice { background: #fff3c4; border: 2px solid #8a6100; padding: .5rem 1rem; font-weight: bold }
.error { border: 2px solid #b00020; padding: .5rem 1rem; color: #b00020 }
nav ul { display: flex; flex-wrap: wrap; gap: 1.5rem; list-style: none; padding: 0; align-items: center }
a { color: #0017c1 } :focus-visible { outline: 4px solid #000; outline-offset: 2px; background: #ffd43d }
label { display: block; margin-top: 1rem; font-weight: bold } .hint { display: block; color: #555; font-weight: normal }
input, select, button { font: inherit; min-height: 44px; padding: .25rem .75rem }
input, select, button { border: 1px solid #626264; border-radius: 6px }
button { background: #0017c1; color: #fff; border-color: #0017c1; margin-top: 1.25rem; cursor: pointer }
button.quiet { background: #fff; color: #0017c1; margin: 0 }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { white-space: nowrap; border-bottom: 1px solid #b3b3b3; padding: .6rem; text-align: left; vertical-align: top }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .5rem 1rem } dt { font-weight: bold } dd { margin: 0 }
.big { font-size: 2rem; font-weight: bold; letter-spacing: .1em }
"""
WEEKDAYS = "月火水木金土日"


def page(status: int, title: str, body: str, *, signed_in: bool = True) -> Answer:
    """A whole page. `body` is HTML."""
    links = [("/ex/top", "トップ"), ("/ex/search", "新規予約"), ("/ex/bookings", "予約の確認・変更・払戻")]
    items = "".join(f'<li><a href="{address}">{text}</a></li>' for address, text in links)
    leave = '<li><form method="post" action="/ex/logout"><button class="quiet">ログアウトする</button></form></li>'
    menu = f'<nav aria-label="メニュー"><ul>{items}{leave}</ul></nav>' if signed_in else ""
    html = (
        f'<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{escape(title)} | {SITE}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/ex/style.css">'
        f'</head><body><header><p class="notice">{NOTICE}</p><p>{SITE}</p>{menu}</header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Answer(status, html.encode(), "text/html; charset=utf-8", HEADERS)


def redirect(address: str, *cookies: str) -> Answer:
    """See other."""
    return Answer(
        303, b"", "text/html; charset=utf-8", (("Location", address), *(("Set-Cookie", one) for one in cookies))
    )


def message_page(status: int, title: str, message: str, *, signed_in: bool = True) -> Answer:
    """A page that says one thing."""
    back = '<p><a href="/ex/top">トップへ戻る</a></p>'
    return page(status, title, f'<p class="error" role="alert">{escape(message)}</p>{back}', signed_in=signed_in)


def style() -> Answer:
    """The style sheet."""
    return Answer(200, STYLE.encode(), "text/css; charset=utf-8")


def error(message: str) -> str:
    """A message above a form; nothing when there is none."""
    return f'<p class="error" role="alert">{escape(message)}</p>' if message else ""


def hidden(**values: str) -> str:
    """Hidden fields, empty ones left out."""
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items() if value
    )


def sign_in_form(message: str, member_id: str) -> str:
    """会員ID and password."""
    return (
        f'{error(message)}<form method="post" action="/ex/login"><label for="member_id">会員ID'
        '<span class="hint">数字10桁</span></label>'
        f'<input id="member_id" name="member_id" value="{escape(member_id)}" inputmode="numeric" '
        'autocomplete="username" required>'
        '<label for="password">パスワード</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required>'
        "<div><button>ログインする</button></div></form>"
        "<p>練習用です。90で始まる数字10桁の会員IDと、パスワード「sandbox」でログインできます。</p>"
    )


def search_form(stations: Iterable[str], values: dict[str, str], message: str) -> str:
    """乗車日, stations and hour."""

    def choices(name: str) -> str:
        options = "".join(
            f"<option{' selected' if station == values.get(name) else ''}>{station}</option>" for station in stations
        )
        return f'<select id="{name}" name="{name}" required><option value="">選んでください</option>{options}</select>'

    return (
        f'{error(message)}<form method="get" action="/ex/search">{hidden(change=values.get("change", ""))}'
        '<label for="date">乗車日</label>'
        f'<input id="date" name="date" type="date" value="{escape(values.get("date", ""))}" required>'
        f'<label for="from">出発駅</label>{choices("from")}<label for="to">到着駅</label>{choices("to")}'
        '<label for="time">出発時刻<span class="hint">この時刻より後の列車を表示します</span></label>'
        f'<input id="time" name="time" type="time" value="{escape(values.get("time", "06:00"))}" required>'
        "<div><button>列車を探す</button></div></form>"
    )


def train_table(rows: Iterable[tuple[Json, dict[str, tuple[str, str]]]], more: str) -> str:
    """Trains with a link for each seat class that can be bought: (ride, {seat: (address, text)})."""
    lines = []
    for ride, cells in rows:
        tds = "".join(
            _seat_cell(ride["train_name"], name, *cells.get(seat, ("", "設定なし"))) for seat, name in SEATS.items()
        )
        times = f"{clock(ride['departs_at'])} → {clock(ride['arrives_at'])}"
        lines.append(f'<tr><th scope="row">{ride["train_name"]}</th><td>{times}</td>{tds}</tr>')
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("列車", "時刻", *SEATS.values()))
    table = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody>"
    following = f'<p><a href="{escape(more)}">さらに後の列車を表示する</a></p>' if more else ""
    return f'<div class="scroll"><table>{table}</table></div>{following}'


def _seat_cell(train: str, seat: str, target: str, text: str) -> str:
    if not target:
        return f"<td>{text}</td>"
    return f'<td><a href="{escape(target)}" aria-label="{train} {seat} {text}">{text}</a></td>'


def ride_facts(ride: Json, *more: tuple[str, str]) -> str:
    """A ride as a list of facts."""
    facts = [
        ("乗車日", day_text(ride["date"])),
        ("列車", ride["train_name"]),
        ("区間", f"{ride['from']} {clock(ride['departs_at'])} → {ride['to']} {clock(ride['arrives_at'])}"),
        ("座席", SEATS[ride["seat"]]),
        ("運賃種別", "EX予約"),
        ("金額", yen(ride["price_yen"])),
        *more,
    ]
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{escape(value)}</dd>' for name, value in facts)}</dl>"


def address(path: str, **query: str) -> str:
    """An address with a query, empty values left out."""
    return f"{path}?{urlencode({name: value for name, value in query.items() if value})}"


def yen(amount: int) -> str:
    """76,340円."""
    return f"{amount:,}円"


def clock(moment: str) -> str:
    """10:40 of an ISO moment."""
    return datetime.fromisoformat(moment).strftime("%H:%M")


def day_text(day: str) -> str:
    """12月10日(木) of an ISO date, with the year."""
    one = date.fromisoformat(day)
    return f"{one.year}年{one.month}月{one.day}日({WEEKDAYS[one.weekday()]})"
