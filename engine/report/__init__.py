"""How a run is shown: tables on a terminal, an HTML page, pandas frames. All formatting lives in this package."""
