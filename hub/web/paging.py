"""Keys of pages as text: where one page ended, the next begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import abort
from flask_babel import gettext as _


def write(after: Sequence[Any] | None) -> str | None:
    """The key of the next page as it stands in an address."""
    if after is None:
        return None
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in after]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read(text: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Back again; whoever edits an address by hand gets a letter, not a crash."""
    if not text:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if len(parts) != len(kinds):
            raise ValueError(text)
        return tuple(
            datetime.fromisoformat(part) if kind is datetime else _typed(part, kind)
            for part, kind in zip(parts, kinds, strict=True)
        )
    except (ValueError, TypeError, binascii.Error):
        abort(400, _("This address does not name a page of the list. Begin again at its first page."))


def _typed(part: object, kind: type) -> object:
    if kind is int and type(part) is int and 0 <= part < 2**63:
        return part
    if kind is str and isinstance(part, str):
        return part
    raise ValueError(part)
