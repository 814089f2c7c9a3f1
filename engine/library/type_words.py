"""What a program handed over, in words, where it is not what was expected."""

from __future__ import annotations


def type_words(value: object) -> str:
    """Return the type of a value with its article.

    >>> type_words(3), type_words([])
    ('an int', 'a list')
    """
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in set('aeiou') else 'a'} {name}"
