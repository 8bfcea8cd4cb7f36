"""Texts of others as plain text: nothing in them moves a terminal's cursor, paints over what stands there, or turns the
direction in which it is read. What is taken out stays visible, as Python would write it."""

from __future__ import annotations

import json
import logging
import sys
import traceback
import unicodedata

_JOINERS = "\u200c\u200d"
"""Format characters that scripts and emoji need to be spelt right, and that move nothing."""
_BAD = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Control characters (C0, DEL, C1), format characters (bidi among them), lone surrogates, two kinds of line ends."""


def plain(text: str, keep: str = "\n\t") -> str:
    """`text` without control characters but those in `keep`."""
    if text.isprintable():
        return text
    return "".join(char if _harmless(char, keep) else _written(char) for char in text)


def in_json(text: str) -> str:
    """The same JSON, in which such characters stand as escapes."""
    return "".join(char if _harmless(char, "\n") else json.dumps(char)[1:-1] for char in text)


def _harmless(char: str, keep: str) -> bool:
    return char in keep or char in _JOINERS or unicodedata.category(char) not in _BAD


def _written(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Lines(logging.Formatter):
    """A log's lines: time, level, and a text in which nobody can forge a second line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record)).replace("\n", "\n    ")


def log_plainly() -> None:
    """Warnings and worse of this process go to standard error, as plain text; and so does the bug that ends it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    sys.excepthook = lambda kind, error, trace: print(
        plain("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr
    )
