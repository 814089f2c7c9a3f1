"""Prices in, checked: the market, its sessions and quality, sources, and research data a strategy may consult."""
