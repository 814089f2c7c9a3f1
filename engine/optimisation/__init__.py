"""Weights from an objective and constraints; knows neither market nor policy. The only package that uses cvxpy."""
