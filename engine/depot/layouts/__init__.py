"""The files that brokers write, one layout a file; :mod:`engine.depot.layouts.catalogue` lists them."""
