"""What an investor knows beside prices: which stocks to choose from, what companies filed, own verdicts."""
