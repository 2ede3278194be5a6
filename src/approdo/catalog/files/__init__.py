"""Tables as files: CSV and XLSX, read leniently and written so that what was written reads back the same."""
