"""Usage feeds: upload, list, and what became of each row."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import page_for
from booking import access
from booking.forms.recording import FeedForm
from booking.permissions import IMPORT_FEED, READ_FEED
from booking.queries.connections import feed_connections
from booking.queries.feeds import feed_list, feed_page
from booking.services.feeds import upload_feed
from lib.errors import PortalError
from lib.htmx import redirect_see_other, render_page_or_part
from lib.requests import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: HttpRequest) -> HttpResponse:
    """The files so far, and the field for another one."""
    actor = actor_of(request)
    page_for(actor, READ_FEED)
    choices = feed_connections()
    form = FeedForm(connections=choices)
    if request.method == "POST":
        page_for(actor, IMPORT_FEED)
        form = FeedForm(request.POST, request.FILES, connections=choices)
        if form.is_valid():
            file = form.cleaned_data["file"]
            connection = form.connections[form.cleaned_data["connection"]]
            try:
                feed = upload_feed(actor, connection, file_name=file.name, content=file.read())
            except PortalError as error:
                form.take_error(error)
            else:
                messages.success(request, "受け付けました。取込の結果はこの画面に表示します。")
                return redirect_see_other(request, reverse("booking:feed", args=[feed.public_id]))
    context = {
        "form": form,
        "rows": feed_list(actor),
        "may_import": actor.may(IMPORT_FEED),
        "crumbs": [("ホーム", "/"), ("利用実績", "")],
    }
    return render(request, "booking/feeds.html", context, status=422 if form.errors else 200)


@require_safe
def feed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One file, row by row; while it waits the part asks again every two seconds."""
    found = access.feed_for(actor_of(request), pk)
    context = {
        "feed": found,
        "page": feed_page(found, request.GET),
        "crumbs": [("ホーム", "/"), ("利用実績", reverse("booking:feeds")), (found.file_name, "")],
    }
    return render_page_or_part(request, "booking/feed.html", "booking/_feed.html", context)
