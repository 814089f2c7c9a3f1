"""A run as a person reads it: terminal, HTML page, frames."""
