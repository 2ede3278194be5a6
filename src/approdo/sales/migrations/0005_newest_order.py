from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sales", "0004_amazon_status")]

    operations = [
        migrations.AddIndex(
            "saledocument",
            models.Index(fields=["node", "program", "type", "date"], name="sale_document_newest"),
        ),
    ]
