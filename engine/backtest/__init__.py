"""One config, its prices, the comparison and the files of a run."""
