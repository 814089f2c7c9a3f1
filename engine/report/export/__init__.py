"""Tables of a finished run as files that other programs open: CSV, XLSX, Parquet and Markdown."""
