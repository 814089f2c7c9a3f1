"""The host side of the vectorised simulator: from variants to arrays, and from sums to metrics."""
