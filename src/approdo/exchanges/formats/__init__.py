"""The formats in which documents are handed over: one file each, which knows neither rows nor settings.

    written = FORMATS["json"].write(documents, connector.options, batch=Batch(id="…", connector="…"))

`documents` are plain dicts as `sales.queries.whole` makes them, with what the hand-over adds (`Document`).
"""

from collections.abc import Mapping

from approdo.exchanges.formats import csv, edifact, json, xlsx, xml
from approdo.exchanges.formats.outgoing import Batch, Document, Format, Options

__all__ = ["FORMATS", "Batch", "Document", "Format", "Options"]

FORMATS: Mapping[str, Format] = {
    "xml": Format(xml.media_type, ".xml", xml.write),
    "json": Format(json.media_type, ".json", json.write),
    "csv": Format(csv.media_type, ".csv", csv.write),
    "xlsx": Format(xlsx.media_type, ".xlsx", xlsx.write),
    "edifact": Format(edifact.media_type, ".edi", edifact.write, edifact.unfit),
}
"""Every format by the name that a connector chooses it by (`connectors.api.formats_options`)."""
