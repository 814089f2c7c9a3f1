"""Checks of the engine itself: figures reproduced (``verify``), folders made again (``replay``), timing (``bench``)."""
