"""Sweeps: one plan in many variants, every one the validated config it stands for.

``section`` is what stands below ``sweep:``; ``axes`` turns it into values, ``space`` into numbered points, ``variants``
into validated plans with their ids; ``work`` computes a range of points, ``crew`` has that done here, in processes or
on a Dask cluster, ``journal`` keeps what is finished, ``table`` writes it as Parquet, ``evidence`` says what it shows.
"""
