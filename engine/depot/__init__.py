"""Real holdings: what brokers' files say, what the rule says to trade now (orders), what was done (comparison)."""
