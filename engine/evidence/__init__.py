"""Whether a result is better than luck: tests of whole sweeps, luck in its parts, sentences checked on data."""
