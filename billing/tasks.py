"""Work of billing for the `cpu` worker, and its sweepers."""

from celery import shared_task

from accounts.services import service_actor
from billing.models import InvoiceDocument, Period, PeriodState
from billing.services import carry_out_closing, open_periods
from billing.services import make_document as print_document
from lib import clock, durable

CLOSER = service_actor("closer")


@shared_task
def close(pk: int) -> None:
    carry_out_closing(CLOSER, pk)


@shared_task
def make_document(pk: int) -> None:
    print_document(CLOSER, pk)


@shared_task
def sweep_closings() -> None:
    open_periods(CLOSER, until=clock.today())
    for pk in durable.overdue(Period.objects.filter(state=PeriodState.CLOSING)):
        carry_out_closing(CLOSER, pk)


@shared_task
def sweep_documents() -> None:
    for pk in durable.overdue(InvoiceDocument.objects.filter(made_at=None)):
        print_document(CLOSER, pk)
