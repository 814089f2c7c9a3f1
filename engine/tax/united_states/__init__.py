"""The United States: an individual's federal tax on gains and dividends (IRC)."""
