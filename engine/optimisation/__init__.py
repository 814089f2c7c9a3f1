"""Weights from an objective and constraints; knows neither market nor policy. The only room that uses cvxpy."""
