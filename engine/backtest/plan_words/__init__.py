"""A plan in a sentence: the words of each part of a config, and which of its keys they tell."""
