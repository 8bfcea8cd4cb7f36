"""How people write one number in several ways, for systems that compare texts."""

from __future__ import annotations

import unicodedata


def spellings(number: str) -> tuple[str, ...]:
    """An order's number as it is, then with and without `#`, without blanks and full-width characters."""
    bare = "".join(unicodedata.normalize("NFKC", number).split()).lstrip("#")
    return tuple(dict.fromkeys(word for word in (number, bare, f"#{bare}") if word.strip("# ")))
