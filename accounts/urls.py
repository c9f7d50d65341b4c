"""Addresses of people, the second factor, public texts and dated tables. Sign-in and passwords are allauth's, mounted in config."""

from django.urls import path

from accounts.views import confirmations, dated, people, signin, texts

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
    path("tables/", dated.tables, name="tables"),
    path("tables/<slug:slug>/", dated.table, name="table"),
    path("tables/<slug:slug>/add/", dated.table_add, name="table_add"),
    path("tables/<slug:slug>/import/", dated.table_import, name="table_import"),
    path("tables/<slug:slug>/export/", dated.table_export, name="table_export"),
    path("tables/<slug:slug>/<int:pk>/", dated.table_history, name="table_history"),
    path("tables/<slug:slug>/<int:pk>/end/", dated.table_end, name="table_end"),
    path("tables/<slug:slug>/<int:pk>/withdraw/", dated.table_withdraw, name="table_withdraw"),
]
