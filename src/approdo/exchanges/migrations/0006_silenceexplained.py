import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchanges", "0005_windowread_purpose"),
        ("nodes", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SilenceExplained",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("program", models.CharField(max_length=40, verbose_name="program")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("why", models.TextField(verbose_name="why")),
                ("by", models.CharField(max_length=150, verbose_name="by")),
                ("at", models.DateTimeField(verbose_name="time")),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="nodes.node",
                        verbose_name="node",
                    ),
                ),
            ],
            options={
                "verbose_name": "explained silence",
                "verbose_name_plural": "explained silences",
                "ordering": ("id",),
            },
        ),
    ]
