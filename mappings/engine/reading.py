"""JSON as it came, exactly: numbers without loss, and nothing that a database or an amount cannot hold."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from mappings.engine.errors import InvalidJson

MAX_EXPONENT = 400
MAX_DIGITS = 400
"""A number beyond this is neither an amount nor an identifier; adding it to another would fill the memory."""


def _exact(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError as error:
        raise _TooLarge(text) from error
    if len(text) > MAX_DIGITS or abs(number.adjusted()) >= MAX_EXPONENT:
        raise _TooLarge(text)
    return number


class _TooLarge(ValueError):
    """A number of an impossible size."""


_decode = msgspec.json.Decoder(float_hook=_exact).decode
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_BOMS = {b"\xef\xbb\xbf": "a UTF-8 byte order mark", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_LONE = re.compile("[\ud800-\udfff]")


def read_json(body: bytes) -> Any:
    """The value that the body says. Raises InvalidJson with the place: malformed text, another encoding than UTF-8,
    NaN, Infinity, numbers of impossible size, NUL characters and lone surrogates in texts."""
    try:
        value = _decode(body)
    except RecursionError as error:
        raise InvalidJson("the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise _explained(body, error) from error
    if b"\\" in body and _SUSPECT.search(body):  # the first look is a tenth of the second
        check_texts(value)
    return value


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:20]}… ({len(text)} characters)"


def _impossible(body: bytes, error: Exception) -> InvalidJson | None:
    """The answer when a number was the trouble: too large as a decimal, or beyond what Python converts."""
    if isinstance(error.__cause__, _TooLarge):
        number = str(error.__cause__).encode()
    elif "Integer value out of range" in str(error):
        number = max(re.findall(rb"[0-9]+", body), key=len)
    else:
        return None
    return InvalidJson(f"a number of impossible size: {_short(number.decode())}", f"byte {body.find(number)}")


def _explained(body: bytes, error: Exception) -> InvalidJson:
    for mark, name in _BOMS.items():
        if body.startswith(mark):
            return InvalidJson(
                f"the body is not plain UTF-8 but begins with {name}; JSON is sent in UTF-8 without a mark", "byte 0"
            )
    if b"\x00" in body[:4]:
        return InvalidJson("the body looks like UTF-16 or UTF-32; JSON is sent in UTF-8", "byte 0")
    try:
        text = body.decode()
    except UnicodeDecodeError as wrong:
        return InvalidJson("the body is not UTF-8 (sent as Latin-1 or GBK, perhaps?)", f"byte {wrong.start}")
    found = re.search(r"(?<![\w\"])-?(NaN|Infinity)\b", text)
    if found and "byte" in str(error):
        return InvalidJson(
            f"{found[0]} is no number in JSON, and no amount", f"byte {len(text[: found.start()].encode())}"
        )
    lone = _lone_escape(body)
    if lone is not None:
        return InvalidJson("a text holds half a character (a lone surrogate)", f"byte {lone}")
    impossible = _impossible(body, error)
    if impossible is not None:
        return impossible
    place = re.search(r"\(byte (\d+)\)", str(error))
    reason = str(error).split(" (byte")[0].removeprefix("JSON is malformed: ")
    return InvalidJson(f"the body is no JSON: {reason}", f"byte {place[1]}" if place else "")


def _lone_escape(body: bytes) -> int | None:
    """Where an escaped surrogate stands without its other half."""
    pairs = re.compile(
        rb"\\\\|(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    )
    return next((found.start() for found in pairs.finditer(body) if found[2]), None)


def check_texts(value: Any) -> None:
    """Raises InvalidJson with the place where a text holds NUL or half a surrogate pair."""
    stack: list[tuple[str, Any]] = [("$", value)]
    while stack:
        place, part = stack.pop()
        if isinstance(part, str):
            if "\x00" in part:
                raise InvalidJson("a text holds the NUL character (\\u0000), which no database keeps", place)
            if _LONE.search(part):
                raise InvalidJson("a text holds half a character (a lone surrogate)", place)
        elif isinstance(part, dict):
            for name, inner in part.items():
                stack += [(f"{place}.{name!a}", name), (f"{place}.{name}", inner)]
        elif isinstance(part, list):
            stack += [(f"{place}[{number}]", inner) for number, inner in enumerate(part)]
