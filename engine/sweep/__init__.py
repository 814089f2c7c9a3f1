"""Sweeps: a base config in many variants, every one the validated config it stands for.

``config`` is what stands below ``sweep:``; ``axes`` turns it into values, ``space`` into numbered points, ``variants``
into validated configs with their ids; ``worker`` computes a range of points, ``executors`` have that done here, in
processes or on a Dask cluster, ``journal`` keeps what is finished, ``results_table`` writes it as Parquet,
``statistics`` says what it shows.
"""
