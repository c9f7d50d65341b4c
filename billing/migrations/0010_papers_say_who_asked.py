import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lib.clock


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_sealed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="invoicedocument",
            name="asked_at",
            field=models.DateTimeField(default=lib.clock.now, editable=False),
        ),
        migrations.AddField(
            model_name="invoicedocument",
            name="asked_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invoicedocument",
            name="reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="理由"),
        ),
        migrations.AddField(
            model_name="invoicemailing",
            name="sent_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicedocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "copy"), _negated=True),
                    models.Q(("asked_by__isnull", False), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="document_copy_says_who_and_why",
            ),
        ),
    ]
