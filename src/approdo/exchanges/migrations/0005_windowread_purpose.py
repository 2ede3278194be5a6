from django.db import migrations, models


def keep_again(apps, schema_editor):
    apps.get_model("exchanges", "WindowRead").objects.filter(again=True).update(purpose="open")


def restore_again(apps, schema_editor):
    apps.get_model("exchanges", "WindowRead").objects.filter(purpose="open").update(again=True)


class Migration(migrations.Migration):
    dependencies = [("exchanges", "0004_windowread_errors_and_source")]

    operations = [
        migrations.AddField(
            "windowread",
            "purpose",
            models.CharField(
                choices=[
                    ("range", "Time range"),
                    ("dates", "Fixed dates"),
                    ("gap", "Gap"),
                    ("deep", "Deep re-scan"),
                    ("open", "Open orders"),
                ],
                default="range",
                max_length=10,
                verbose_name="why",
            ),
        ),
        migrations.RunPython(keep_again, restore_again),
        migrations.RemoveField("windowread", "again"),
    ]
