import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('catalog', '0001_initial'), ('catalog', '0002_recodings_by_code'), ('catalog', '0003_recodings_by_prefix')]

    initial = True

    dependencies = [
        ('nodes', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=100, unique=True, verbose_name='code')),
                ('name', models.CharField(blank=True, default='', max_length=200, verbose_name='name')),
                ('address', models.CharField(blank=True, default='', max_length=500, verbose_name='address')),
                ('postal_code', models.CharField(blank=True, default='', max_length=40, verbose_name='postal code')),
                ('city', models.CharField(blank=True, default='', max_length=200, verbose_name='city')),
                ('country', models.CharField(blank=True, default='', max_length=2, verbose_name='country')),
                ('time_zone', models.CharField(blank=True, default='', max_length=60, verbose_name='time zone')),
                ('from_orders', models.BooleanField(default=False, editable=False, verbose_name='filled from orders')),
            ],
            options={
                'verbose_name': 'place',
                'verbose_name_plural': 'places',
                'ordering': ('code',),
            },
        ),
        migrations.CreateModel(
            name='SkuRecoding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vendor_code', models.CharField(blank=True, default='', max_length=100, verbose_name='vendor code')),
                ('marketplace', models.CharField(blank=True, default='', max_length=2, verbose_name='marketplace')),
                ('kind', models.CharField(choices=[('vendor_sku', 'Vendor SKU'), ('ean', 'EAN'), ('asin', 'ASIN')], default='vendor_sku', max_length=20, verbose_name='kind of code')),
                ('external', models.CharField(max_length=100, verbose_name='external SKU')),
                ('sku', models.CharField(max_length=100, verbose_name='own SKU')),
                ('title', models.CharField(blank=True, default='', max_length=500, verbose_name='title')),
                ('node', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='nodes.node', verbose_name='node')),
            ],
            options={
                'verbose_name': 'SKU recoding',
                'verbose_name_plural': 'SKU recodings',
                'ordering': ('external', 'id'),
                'indexes': [models.Index(fields=['external', 'id'], name='sku_recoding_order'), models.Index(fields=['external'], name='sku_recoding_external', opclasses=('varchar_pattern_ops',)), models.Index(fields=['sku'], name='sku_recoding_sku', opclasses=('varchar_pattern_ops',))],
                'constraints': [models.UniqueConstraint(condition=models.Q(('node__isnull', False)), fields=('external', 'kind', 'vendor_code', 'marketplace', 'node'), name='sku_recoding_key'), models.UniqueConstraint(condition=models.Q(('node__isnull', True)), fields=('external', 'kind', 'vendor_code', 'marketplace'), name='sku_recoding_key_of_every_node')],
            },
        ),
    ]
