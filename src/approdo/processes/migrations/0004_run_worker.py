from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('processes', '0003_procedures'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='worker',
            field=models.CharField(blank=True, default='', max_length=100, verbose_name='worker'),
            preserve_default=False,
        ),
    ]
