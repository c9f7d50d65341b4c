"""Addresses of people, the second factor and public texts. Sign-in and passwords are allauth's, mounted in config."""

from django.urls import path

from accounts.views import confirmations, people, signin, texts

app_name = "accounts"
urlpatterns = [
    path("signin/code/", signin.second_factor, name="second_factor"),
    path("signin/recovery/", signin.recovery, name="recovery"),
    path("step-up/", signin.step_up, name="step_up"),
    path("step-up/recovery/", signin.step_up_recovery, name="step_up_recovery"),
    path("confirmations/", confirmations.confirmations, name="confirmations"),
    path("confirmations/<uuid:pk>/", confirmations.confirmation, name="confirmation"),
    path("confirmations/<uuid:pk>/refuse/", confirmations.refuse, name="refuse_confirmation"),
    path("confirmations/<uuid:pk>/withdraw/", confirmations.withdraw, name="withdraw_confirmation"),
    path("me/", people.me, name="me"),
    path("me/recovery-codes/", people.recovery_codes, name="recovery_codes"),
    path("people/", people.people, name="people"),
    path("people/<uuid:pk>/", people.person, name="person"),
    path("about/<slug:slug>/", texts.text, name="text"),
    path("about/<slug:slug>/edit/", texts.edit_text, name="edit_text"),
]
