"""Real holdings: what the rule says to trade now, and what was really done."""
