"""Forms of what is agreed to before it costs: the trip, a change, a cancellation."""

from django import forms

from lib.forms import CheckField, Form


class ConfirmForm(Form):
    """The person saw this version at this sum, and agrees to the terms of business."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    total = forms.IntegerField(widget=forms.HiddenInput)
    consent = CheckField(
        "取引条件（旅行業約款・取消料）を読み、同意します",
        ask="取引条件を読み、同意するときはチェックを入れてください。",
    )
    silent = frozenset({"consent"})


class ChangeForm(Form):
    """The highest cost of a change and the fee within it, as they were on the page (yen; the cost may be negative)."""

    max_cost = forms.IntegerField(widget=forms.HiddenInput, min_value=-9_999_999, max_value=9_999_999)
    max_fee = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=9_999_999)


class CancelForm(Form):
    """The fee that the person saw."""

    max_fee = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=9_999_999)
