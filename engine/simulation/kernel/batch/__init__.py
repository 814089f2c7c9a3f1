"""The eight-wide variant of the accounting: what sweeps run."""
