"""What went over the wire, written down for people: every request and its answer, without secrets and personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from connectors.kit.masking import MASK, Mask, hidden

SHOWN = 4_000
"""Characters of a body that are kept."""
READ = 65_536
"""Bytes of a body up to which it is redacted; of a longer one only its length is kept."""

FORM = re.compile(r"(?P<key>[^=&\s]+)=(?P<value>[^&\s]*)")
_JSON = msgspec.json.Decoder(float_hook=str)


class Recorder:
    """Appends each exchange to `wire`, a list of plain dicts: {"request": {...}, "response": {...} or "error": text}.

    `secrets` are values that may appear nowhere, whatever the name of the field that holds them. What is unknown to
    the keyword list and not e-mail shaped stays: keep the attempt log as private as the records themselves.
    """

    def __init__(self, wire: list[dict[str, Any]] | None = None, secrets: Iterable[str] = ()) -> None:
        self.wire: list[dict[str, Any]] = [] if wire is None else wire
        self.mask = Mask(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """These may not appear either, from now on: a token that was just got."""
        self.mask = self.mask.also(secrets)

    def write(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | str | None,
        took_ms: int,
        answer: tuple[int, Mapping[str, str], bytes] | None = None,
        error: str = "",
    ) -> None:
        """One request and what came of it: an answer (status, headers, body), or the error in words."""
        address, _, query = self.clean(url).partition("?")
        shown = f"{address}?{form(query)}" if query else address
        request = {"method": method, "url": shown, "headers": self.headers(headers), "body": self.body(body)}
        entry: dict[str, Any] = {"request": request}
        if answer is not None:
            status, their_headers, their_body = answer
            entry["response"] = {
                "status": status,
                "took_ms": took_ms,
                "headers": self.headers(their_headers),
                "body": self.body(their_body),
            }
        if error:
            entry["error"] = self.clean(error)
            entry.setdefault("took_ms", took_ms)
        self.wire.append(entry)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers by name, with the telling ones masked."""
        return {name: MASK if hidden(name) else self.clean(str(value)) for name, value in headers.items()}

    def body(self, body: bytes | str | None) -> Any:
        """A body as JSON where it is JSON and short, else as text; `None` where there is none."""
        if not body:
            return None
        raw = body.encode() if isinstance(body, str) else body
        if len(raw) > READ:
            return f"[{len(raw)} bytes, too long to be shown]"
        try:
            value = _JSON.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return self._text(raw)
        if not isinstance(value, dict | list):
            return self._text(raw)
        value = self._cleaned(masked(value))
        return self._short(msgspec.json.encode(value).decode(), len(raw), value)

    def clean(self, text: str) -> str:
        """Text as it may be shown (Mask.text)."""
        return self.mask.text(text)

    def _text(self, raw: bytes) -> Any:
        text = raw.decode(errors="replace")
        shown = self.clean(form(text) if FORM.match(text) else text)
        return self._short(shown, len(raw), shown)

    def _short(self, shown: str, size: int, whole: Any) -> Any:
        return whole if len(shown) <= SHOWN else f"{shown[:SHOWN]} [… {size} bytes in all]"

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.clean(key): self._cleaned(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._cleaned(item) for item in value]
        return self.clean(value) if isinstance(value, str) else value


def masked(value: Any) -> Any:
    """JSON with the telling fields masked, however deep they lie."""
    if isinstance(value, dict):
        return {key: MASK if item and hidden(key) else masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def form(text: str) -> str:
    """Form fields or a query, the telling ones masked; a field that holds JSON is shown decoded, masked inside, too."""
    return FORM.sub(_pair, text)


def _pair(found: re.Match[str]) -> str:
    if hidden(found["key"]):
        return f"{found['key']}={MASK}"
    if not found["value"].startswith(("{", "[", "%7B", "%7b", "%5B", "%5b")):
        return found[0]
    try:
        inner = masked(_JSON.decode(unquote_plus(found["value"])))
    except (msgspec.DecodeError, RecursionError):
        return found[0]
    return f"{found['key']}={msgspec.json.encode(inner).decode()}"
