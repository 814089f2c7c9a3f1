"""What a run is made of: its falls, years, months, windows and days, and where all that came from."""
