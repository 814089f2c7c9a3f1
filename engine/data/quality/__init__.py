"""The data-quality gate: what is wrong with closes, and what a reader of the results should know about them."""
