import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('nodes', '0001_initial'),
        ('sales', '0002_setaside_stored_at'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='saledocument',
            name='sale_document_key',
        ),
        migrations.RemoveIndex(
            model_name='saledocument',
            name='sale_document_date',
        ),
        migrations.RemoveIndex(
            model_name='saledocument',
            name='sale_document_updated',
        ),
        migrations.RemoveIndex(
            model_name='saledocument',
            name='sale_document_node',
        ),
        migrations.RemoveIndex(
            model_name='saledocument',
            name='sale_document_state',
        ),
        migrations.RemoveIndex(
            model_name='saledocument',
            name='sale_document_vendor',
        ),
        migrations.RemoveIndex(
            model_name='saledocument',
            name='sale_document_ship_to',
        ),
        migrations.AlterField(
            model_name='saledocument',
            name='node',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='nodes.node', verbose_name='node'),
        ),
        migrations.AlterField(
            model_name='saledocument',
            name='number',
            field=models.CharField(max_length=64, verbose_name='number'),
        ),
        migrations.AddIndex(
            model_name='saledocument',
            index=models.Index(fields=['date', 'id', 'node', 'program', 'type', 'state', 'vendor_code', 'ship_to'], name='sale_document_by_date'),
        ),
        migrations.AddIndex(
            model_name='saledocument',
            index=models.Index(fields=['updated_at', 'id', 'node', 'program', 'type', 'state', 'vendor_code', 'ship_to', 'date'], name='sale_document_by_update'),
        ),
        migrations.AddIndex(
            model_name='saledocument',
            index=models.Index(fields=['number', 'id', 'node', 'program', 'type', 'state', 'vendor_code', 'ship_to', 'date'], name='sale_document_by_number'),
        ),
        migrations.AddIndex(
            model_name='saledocument',
            index=models.Index(fields=['number'], name='sale_document_number', opclasses=('varchar_pattern_ops',)),
        ),
        migrations.AddConstraint(
            model_name='saledocument',
            constraint=models.UniqueConstraint(fields=('number', 'node', 'program', 'type'), name='sale_document_key'),
        ),
    ]
