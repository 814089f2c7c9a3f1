"""Lots, pots, years: what a private investor owes on what a portfolio does."""
