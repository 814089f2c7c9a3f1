"""Checks of the engine itself: published figures reproduced (``verify``) and jobs timed (``bench``)."""
