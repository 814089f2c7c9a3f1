"""Sentences about portfolios, each computed on data in every way in which it can be meant."""
