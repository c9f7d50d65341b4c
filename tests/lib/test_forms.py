"""Forms read what people type, say what to do when they cannot, and lose nothing."""

import datetime as dt
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st

from lib import forms, text
from lib.errors import PortalError
from lib.fields import DateWidget3


class Ask(forms.Form):
    silent = frozenset({"payment"})

    purpose = forms.TextField("用務", max_length=10, hint="例:監査対応")
    start = forms.DateField3("行き", earliest=lambda: dt.date(2026, 11, 24), latest=lambda: dt.date(2027, 6, 30))
    begins = forms.TimeField("用務の開始", required=False)
    paid = forms.YenField("買った金額", required=False)
    payment = forms.RadioField("支払", choices=[("office", "一括請求"), ("self", "本人立替")], initial="office")


GOOD = {"purpose": "監査対応", "start_y": "2026", "start_m": "12", "start_d": "10", "payment": "office"}


def ask(**changes: str) -> Ask:
    return Ask({**GOOD, **changes})


def error(form: forms.Form, name: str) -> str:
    assert len(form.errors.get(name, [])) == 1, form.errors
    return str(form.errors[name][0])


# -- Text ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["塚\ufa10 神\ufa19 隆\uf9dc", "宮﨑 𠮷彦", "髙橋 玲", "辻󠄀 恵"])
def test_a_name_is_stored_as_typed(name):
    assert text.clean(name) == name


def test_kana_with_a_separate_voicing_mark_is_joined():
    assert text.clean("か\u3099きく\u3099") == "がきぐ"


@pytest.mark.parametrize(
    "bad", ["\x00", "\x1b", "\u202e", "\u2066", "\u200f", "\ud800", "\ue000", "\uffff", "\r\n", "\t"]
)
def test_a_character_that_cannot_be_printed_or_turns_the_text_is_refused_by_its_number(bad):
    message = error(ask(purpose=f"監{bad}査"), "purpose")
    assert f"U+{ord(bad[0]):04X}" in message
    assert "消す" in message


def test_zero_width_characters_are_taken_out_and_told():
    form = ask(purpose="監\u200b査")
    assert form.is_valid()
    assert form.cleaned_data["purpose"] == "監査"
    assert form.notices == ["用務から、目に見えない文字を取り除きました。"]
    assert ask().notices == []


def test_text_that_is_too_long_is_said_with_its_length_and_never_cut():
    form = ask(purpose="あ" * 11)
    assert error(form, "purpose") == "10文字以内にしてください(いま11文字)。"
    assert "maxlength" not in str(form["purpose"])
    assert "あ" * 11 in str(form["purpose"])


def test_a_text_area_keeps_lines_and_unifies_their_ends():
    field = forms.TextField("連絡", max_length=50, lines=True)
    assert field.clean("一行\r\n二行\n") == "一行\n二行"


@given(st.text(max_size=60))
def test_cleaned_text_is_stable_and_holds_nothing_that_is_refused(value):
    try:
        once = text.clean(value, lines=True)
    except text.UnusableCharacter:
        return
    assert text.clean(once, lines=True) == once
    once.encode("utf-8")
    assert not any(unicodedata.category(character) in {"Cf", "Cs", "Co"} for character in once)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("ｋ７ｑｘ２ｍ", "K7QX2M"), (" 4410 ", "4410"), ("HNー4410926", "HN-4410926"), ("90 12 34", "901234")],
)
def test_a_code_is_read_in_full_width_with_blanks_and_odd_hyphens(typed, kept):
    assert forms.CodeField("予約番号", max_length=20, upper=True).clean(typed) == kept


def test_a_code_of_another_shape_is_answered_with_an_example():
    field = forms.CodeField("お預かり番号", max_length=4, pattern="[0-9]{4}", example="4410")
    with pytest.raises(ValidationError, match="例:4410"):
        field.clean("12")


# -- Dates and times -------------------------------------------------------------------------------
def test_a_date_in_full_width_digits_is_read():
    form = ask(start_y="２０２６", start_m="１２", start_d="１０")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["start"] == dt.date(2026, 12, 10)


@pytest.mark.parametrize(
    ("year", "month", "day", "message", "parts"),
    [
        ("2027", "2", "30", "2月30日はありません。日を直してください。", "d"),
        ("2027", "2", "29", "2027年2月29日はありません。日を直してください。", "d"),
        ("2026", "13", "1", "月は1から12までの数字にしてください。", "m"),
        ("26", "12", "1", "年は西暦の4桁で入力してください(例:2026)。", "y"),
        ("2026", "", "", "月と日も入力してください。", "md"),
        ("2026", "十二", "1", "月は数字だけで入力してください。", "m"),
        ("2026", "12", "\u202e1", "", "ymd"),
        ("", "", "", "行きを入力してください。", "ymd"),
        ("2026", "11", "23", "2026年11月24日(火)以後の日にしてください。", "ymd"),
        ("2027", "7", "1", "2027年6月30日(水)以前の日にしてください。", "ymd"),
    ],
)
def test_a_date_that_cannot_be_says_which_part_to_mend(year, month, day, message, parts):
    form = ask(start_y=year, start_m=month, start_d=day)
    assert error(form, "start") == (message or error(form, "start"))
    bound = form["start"]
    assert isinstance(bound, forms.BoundField)
    assert bound.wrong_parts == parts
    assert bound.focus_id == f"id_start_{parts[0]}"
    assert str(bound).count('aria-invalid="true"') == len(parts)


def test_an_optional_date_left_empty_is_none():
    assert forms.DateField3("帰り", required=False).clean(["", "", ""]) is None


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2199, 12, 31)))
def test_every_date_survives_being_shown_and_read(day):
    field = forms.DateField3("行き")
    assert field.clean([str(part) for part in DateWidget3().decompress(day)]) == day


@pytest.mark.parametrize("typed", ["15:00", "1500", "１５：００", "15時", "15時00分", "15"])
def test_a_time_is_read_as_people_write_it(typed):
    assert forms.TimeField("開始").clean(typed) == dt.time(15, 0)


@pytest.mark.parametrize("typed", ["25:00", "15:60", "3pm", "12345", "-1"])
def test_a_time_that_cannot_be_is_answered_with_an_example(typed):
    assert error(ask(begins=typed), "begins") == "24時間の時刻で入力してください(例:15:00)。"


# -- Numbers ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["23480", "23,480", "23,480円", "¥23,480", "￥２３，４８０", " 23480 "])
def test_yen_are_read_with_commas_signs_and_full_width(typed):
    assert forms.YenField("金額").clean(typed) == 23480


@pytest.mark.parametrize("typed", ["二万円", "23480.5", "1e5", "円", ",", "9" * 13])
def test_a_sum_that_is_no_number_is_answered_with_an_example(typed):
    assert error(ask(paid=typed), "paid") == "数字だけで入力してください(例:23480)。"


@pytest.mark.parametrize("typed", ["-1", "−1", "10000000"])
def test_a_sum_out_of_bounds_is_answered_with_the_bounds(typed):
    assert error(ask(paid=typed), "paid") == "0円以上 9,999,999円以下で入力してください。"


# -- Choices and files -----------------------------------------------------------------------------
def test_a_select_begins_with_the_invitation_unless_a_value_is_preset():
    choices = [("1", "一般旅費")]
    invited = forms.SelectField("予算区分", choices=choices)
    preset = forms.SelectField("予算区分", choices=choices, initial="1")
    assert list(invited.widget.choices) == [("", "選択してください"), *choices]
    assert list(preset.widget.choices) == choices


def test_a_choice_that_was_not_offered_is_refused_in_words():
    assert error(ask(payment="free"), "payment") == "選べる中から選び直してください。"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "中身のあるファイルを選んでください(選んだファイルは空です)。"),
        ("a.exe", b"x", ".csv のファイルを選んでください。"),
        ("a.csv", b"x" * 2049, "2KB以下のファイルを選んでください(いま3KB)。"),
    ],
)
def test_a_file_that_cannot_be_used_says_which_can(name, content, message):
    field = forms.UploadField("利用実績", endings=[".csv"], max_bytes=2048)
    with pytest.raises(ValidationError) as caught:
        field.clean(SimpleUploadedFile(name, content))
    assert caught.value.messages == [message]
    assert field.clean(SimpleUploadedFile("A.CSV", b"x" * 2048)).name == "A.CSV"


def test_a_missing_file_is_asked_for_by_its_label():
    with pytest.raises(ValidationError, match="利用実績のファイルを選んでください。"):
        forms.UploadField("利用実績", endings=[".csv"]).clean(None)


# -- On the page -----------------------------------------------------------------------------------
def test_hint_and_error_are_linked_to_the_field_the_error_first():
    drawn = ask(purpose="")["purpose"].as_field_group()
    assert 'aria-describedby="id_purpose_error id_purpose_helptext"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert drawn.index("用務") < drawn.index("※必須") < drawn.index("例:監査対応") < drawn.index("<input")
    assert drawn.index("<input") < drawn.index('<p class="error">用務を入力してください。</p>')


def test_required_and_optional_are_words_and_a_preset_choice_has_neither():
    form = Ask()
    needs = [bound.need for bound in form if isinstance(bound, forms.BoundField)]
    assert needs == ["必須", "必須", "任意", "任意", ""]


def test_browsers_own_checks_are_off():
    assert " required" not in str(Ask())


def test_what_was_typed_stands_in_the_form_again_escaped():
    assert "&lt;b&gt;" in str(ask(purpose="<b>" + "x" * 20)["purpose"])


def test_a_label_and_a_hint_are_escaped():
    class Hostile(forms.Form):
        field = forms.TextField("<i>", max_length=5, hint="<u>")

    drawn = str(Hostile())
    assert "<i>" not in drawn
    assert "<u>" not in drawn


def test_the_summary_lists_each_error_once_in_the_order_of_the_page_with_its_target():
    form = ask(purpose="", start_d="31", start_m="11", begins="x")
    form.add_error(None, "出張の期間が重なっています。")
    assert [(item.message, item.target) for item in form.summary] == [
        ("出張の期間が重なっています", ""),
        ("用務を入力してください", "id_purpose"),
        ("行き:11月31日はありません。日を直してください", "id_start_d"),
        ("用務の開始:24時間の時刻で入力してください(例:15:00)", "id_begins"),
    ]


def test_a_fresh_form_has_no_summary():
    assert Ask().summary == []


def test_what_a_verb_refuses_stands_beside_its_field_or_above_the_form():
    form = ask()
    form.take_error(PortalError("同じ日に別の出張があります。", field="start"))
    form.take_error(PortalError("手配先が休止しています。", field="elsewhere"))
    assert form.errors["start"] == ["同じ日に別の出張があります。"]
    assert form.non_field_errors() == ["手配先が休止しています。"]


def test_typed_values_fill_a_fresh_form_without_checking_it():
    raw = QueryDict("purpose=&start_y=2026&start_m=2&start_d=30&begins=25")
    form = Ask(initial=forms.typed_values(Ask, raw))
    assert not form.errors
    assert 'value="30"' in str(form["start"])
    assert 'value="25"' in str(form["begins"])
    assert "payment" not in forms.typed_values(Ask, MultiValueDict())
