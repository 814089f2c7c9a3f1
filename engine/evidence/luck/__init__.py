"""Luck in its parts: when a plan is rebalanced, when it begins, which names it holds, which history it met."""
