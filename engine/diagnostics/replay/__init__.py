"""``engine replay`` and ``engine diff``: a finished folder made again, and two of them taken apart."""
