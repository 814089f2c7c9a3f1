"""The engine examined: published figures reproduced (``verify``) and jobs timed (``bench``)."""
