"""Runs and sweeps' plans side by side: on the terminal, as JSON, and as a page."""
