"""Evidence as a person reads it: a sweep's tests, luck and claims, on the terminal and on pages."""
