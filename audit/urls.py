"""Addresses of the log and of the mail log."""

from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("events/", views.events, name="events"),
    path("events/<uuid:pk>/", views.event, name="event"),
    path("mails/", views.mails, name="mails"),
    path("mails/<uuid:pk>/", views.mail, name="mail"),
]
