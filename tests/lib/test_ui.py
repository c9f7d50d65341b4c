"""What pages are drawn with: words for days, times and money, parts, answers to htmx, error pages."""

import base64
import datetime as dt
import hashlib
import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from lib import errorpages, htmx
from lib.errorpages import NAMES, STYLE_HASH, error_html, error_page
from lib.gallery import PartsForm
from lib.templatetags import ui

ROOT = Path(__file__).resolve().parent.parent.parent
DAY = dt.date(2026, 12, 10)
MOMENT = dt.datetime(2026, 11, 24, 1, 42, tzinfo=dt.UTC)


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 76340|yen }}", "76,340円"),
        ("{{ minus|yen }}", "−1,111円"),
        ("{{ 0|yen }}", "0円"),
        ("{{ day|jdate }}", "12月10日(木)"),
        ("{{ day|jdate_long }}", "2026年12月10日(木)"),
        ("{{ day|jdates:last }}", "12月10日(木)–11日(金)"),
        ("{{ day|jdates:day }}", "12月10日(木)"),
        ("{{ day|jdates }}", "12月10日(木)"),
        ("{{ moment|jtime }}", "10:42"),
        ("{{ moment|jdate }}", "11月24日(火)"),
        ("{{ moment|jdatetime }}", "11月24日(火) 10:42"),
        ("{{ late|jdate }}", "11月25日(水)"),
        ("{{ time|jtime }}", "15:00"),
        ("{{ 115|minutes }}", "1時間55分"),
        ("{{ 60|minutes }}", "1時間"),
        ("{{ 0|minutes }}", "0分"),
        ("{{ span|minutes }}", "4時間38分"),
        ("{{ phone|tel }}", "tel:0450000100"),
    ],
)
def test_days_times_and_money_read_as_in_japan(source, shown):
    late = dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)
    known = {"day": DAY, "last": dt.date(2026, 12, 11), "moment": MOMENT, "late": late, "minus": -1111}
    more = {"time": dt.time(15, 0), "span": dt.timedelta(minutes=278), "phone": "045-000-0100"}
    assert draw(source, **known, **more) == shown


@pytest.mark.parametrize("name", ["yen", "jdate", "jdate_long", "jdates", "jtime", "jdatetime", "minutes"])
def test_what_is_not_known_is_unset_and_what_is_absent_is_nothing(name):
    assert draw(f"{{{{ value|{name} }}}}", value=None) == "未設定"
    if name != "yen":
        assert draw(f"{{{{ value|{name} }}}}", value="") == ""


def test_the_sprite_holds_exactly_the_icons_that_tags_may_name():
    sprite = (ROOT / "templates/components/icons.html").read_text(encoding="utf-8")
    assert set(re.findall(r'<symbol id="i-([a-z]+)"', sprite)) == ui.ICONS


@pytest.mark.parametrize("source", ['{% icon "nothing" %}', '{% badge "nothing" "ok" "済" %}'])
def test_a_part_that_does_not_exist_is_an_error_not_a_gap(source):
    with pytest.raises(ValueError, match="nothing"):
        draw(source)


def test_a_badge_always_carries_its_word_beside_a_hidden_symbol():
    drawn = draw('{% badge "ok" "ticket" "発券済" %}')
    assert "発券済" in drawn
    assert 'aria-hidden="true"' in drawn


@pytest.mark.parametrize(
    "source",
    [
        '{% badge "ok" "ticket" text %}',
        '{% verdict "why" text %}',
        "{% copy_value text text %}",
        '{% banner "ok" text %}{{ text }}{% endbanner %}',
        "{% empty text %}{{ text }}{% endempty %}",
        "{% dialog text %}{{ text }}{% enddialog %}",
        "{% dl_row text %}{{ text }}{% enddl_row %}",
        "{% timeline_item text text badge=text %}{{ text }}{% endtimeline_item %}",
        "{% pickbar lines=lines total=text note=text %}{{ text }}{% endpickbar %}",
    ],
)
def test_no_part_lets_typed_text_become_markup(source):
    text = "<script>alert(1)</script>\"'"
    drawn = draw(source, text=text, lines=[(text, text)])
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_the_address_keeps_its_filters_and_drops_the_page_when_something_changes():
    request = RequestFactory().get("/?office=1&page=3&sort=day&tag=a&tag=b")
    page = Context({"request": request})
    assert ui.query_with(page, page=4) == "?office=1&sort=day&tag=a&tag=b&page=4"
    assert ui.query_with(page, sort="-day") == "?office=1&sort=-day&tag=a&tag=b"
    assert ui.query_with(page, office=None, sort=None, tag=None) == "?"


def test_the_title_begins_with_the_errors_of_the_page():
    wrong = PartsForm({"payment": "office"})
    assert draw("{% error_mark %}", form=wrong).startswith("エラー: ")
    assert draw("{% error_mark %}", forms=[PartsForm(), wrong]).startswith("エラー: ")
    assert draw("{% error_mark %}", form=PartsForm()) == ""
    assert draw("{% error_mark %}") == ""


def test_the_summary_takes_the_focus_and_links_to_the_controls():
    drawn = draw("{% error_summary %}", form=PartsForm({"payment": "office"}))
    assert "data-focus" in drawn
    assert '<a href="#id_start_y">行きを入力してください</a>' in drawn
    assert draw("{% error_summary %}", form=PartsForm()).strip() == ""


# -- htmx ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_a_plain_htmx_request_gets_a_part(headers, part):
    assert htmx.is_part(RequestFactory().get("/", headers=headers)) is part


def test_after_a_post_the_browser_is_sent_on_with_or_without_htmx():
    plain = htmx.redirect_see_other(RequestFactory().post("/"), "/trips/")
    assert (plain.status_code, plain.headers["Location"]) == (303, "/trips/")
    by_htmx = htmx.redirect_see_other(RequestFactory().post("/", headers={"HX-Request": "true"}), "/trips/")
    assert (by_htmx.status_code, by_htmx.headers["HX-Redirect"]) == (200, "/trips/")


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"])
def test_no_redirect_leaves_the_portal(url):
    with pytest.raises(ValueError, match="inside"):
        htmx.redirect_see_other(RequestFactory().post("/"), url)


# -- Error pages -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_the_style_of_every_error_page_is_the_one_that_the_policy_lets_in(name):
    styles = re.findall(r"<style>(.*?)</style>", error_html(int(name[:3]), name=name), re.DOTALL)
    assert len(styles) == 1
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" == STYLE_HASH


@pytest.mark.parametrize("name", NAMES)
def test_an_error_page_stands_alone_and_carries_number_and_way_on(name):
    page = error_html(int(name[:3]), "0199ab2c-7f3a", name=name)
    assert "0199ab2c-7f3a" in page
    assert 'lang="ja"' in page
    assert "窓口" in page
    assert page.count("<h1>") == 1
    assert not re.search(r"<script|<img|<link(?! rel=\"icon\" href=\"data:,\")|style=|https?://", page)


def test_an_error_page_is_never_kept_and_escapes_the_number():
    answer = error_page(503, "<b>")
    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Retry-After"] == "60"
    assert b"<b>" not in answer.content


@pytest.mark.parametrize(("status", "shown"), [(418, "400"), (502, "500")])
def test_a_status_without_a_page_gets_the_plain_one_of_its_kind(status, shown):
    heading = re.search(r"<h1>(.*?)</h1>", error_html(status))
    usual = re.search(r"<h1>(.*?)</h1>", error_html(int(shown)))
    assert heading
    assert usual
    assert heading[1] == usual[1]
    assert f"状態 {status}" in error_html(status)


def test_every_error_template_is_known():
    there = {path.stem for path in (ROOT / "templates/errors").glob("*.html")} - {"frame"}
    assert there == set(errorpages.NAMES)
