"""A sweep as a person reads it: terminal and HTML page."""
