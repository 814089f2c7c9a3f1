"""Everything a person reads: tables on a terminal, HTML pages, pandas frames. All formatting stands here."""
