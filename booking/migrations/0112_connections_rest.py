"""A connection that fails rests, and whoever claims it afterwards probes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0111_superseded_rides_are_dead"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="attempts",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="connection",
            name="claim_token",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="claimed_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="failures",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="connection",
            name="last_failure",
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name="最後の失敗"),
        ),
        migrations.AddField(
            model_name="connection",
            name="last_failure_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="next_try_at",
            field=models.DateTimeField(db_index=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="paused_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="停止の時刻"),
        ),
        migrations.AddField(
            model_name="connection",
            name="rests_because",
            field=models.CharField(
                blank=True,
                choices=[("away", "応答なし"), ("busy", "混雑")],
                editable=False,
                max_length=4,
                verbose_name="休止の理由",
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="rests_since",
            field=models.DateTimeField(editable=False, null=True, verbose_name="休止の開始"),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("claim_token", None), ("next_try_at", None), ("rests_because", ""), ("rests_since", None)
                    ),
                    models.Q(
                        ("next_try_at__isnull", False),
                        ("rests_because__in", ["away", "busy"]),
                        ("rests_since__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="connection_rest_has_end_and_reason",
            ),
        ),
    ]
