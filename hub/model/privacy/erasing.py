"""A person's names wherever they stand in a text, and however it writes them; pure.

An e-mail address is found in any text. Names, streets and the like are looked for only in what is known to be about the
person, since others bear them, too.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from hub.model.privacy.personal import MASK

SHORTEST = 4
"""Characters of a name that is looked for."""
CODED = 4
"""How often an address may have been coded into another one."""
PHONE = 7
"""Digits of what may be a telephone number, however it is written: fewer may be anything."""
LOCAL = 6
"""Characters of an e-mail address's first part that is looked for by itself."""
ANYBODYS = frozenset(
    (
        "admin",
        "contact",
        "customer",
        "feedback",
        "hello",
        "info",
        "kontakt",
        "kunden",
        "kundenservice",
        "mail",
        "mailbox",
        "newsletter",
        "noreply",
        "office",
    )
    + ("orders", "returns", "sales", "service", "shop", "shipping", "support", "webmaster", "accounts", "billing")
)
"""First parts of addresses that name nobody."""

_BEFORE = "|".join(
    [r"(?:(?<![\w.+-])"]
    + [rf"(?<=%{again}[0-9A-Fa-f]{{2}})" for again in ("", "25", "2525")]
    + [rf"(?<={slash}{end})" for slash in (r"\\", "%5C", "%255C") for end in ("[nrtbf]", "u[0-9A-Fa-f]{4}")]
    + [r"(?<=&lt;)", r"(?<=&gt;))"]
)
"""What may stand before a word: the end of another one's code counts as its end."""
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_BACKSLASH = r"(?:\\|%(?:25)*5C)+"
_CONTROL = re.compile(r"\\+[nrtbf]")
_ESCAPE = re.compile(r"\\+u([0-9A-Fa-f]{4})")


@lru_cache(maxsize=1024)
def pattern(text: str, *, address: bool = False, word: bool = True) -> re.Pattern[str]:
    """Matches `text` as a word, in any case and width, as it is or as JSON, addresses and HTML write its characters.

    Not `word`: also within one, for normal forms of names, which have lost the blanks around it.
    """
    digits = [character for character in text.removeprefix("+").removeprefix("00") if character.isdigit()]
    if len(digits) >= PHONE and not any(map(str.isalpha, text)):
        between = r"(?:[\s().\-/\u2010-\u2015]|%2[089DF])*"
        return re.compile(rf"(?<!\d)(?:\+|%2B|00)?{between.join(map(_character, digits))}(?!\d)", re.IGNORECASE)
    end = r"(?![\w-]|\.\w)" if address else r"(?!\w)"
    begins, ends = word and text[:1].isalnum(), word and text[-1:].isalnum()
    body = "".join(_character(character) for character in " ".join(text.split()))
    return re.compile(f"{_BEFORE if begins else ''}{body}{end if ends else ''}", re.IGNORECASE)


def _character(character: str) -> str:
    """One character in every form."""
    if character == " ":
        return rf"(?:\s|\+|%(?:25)*(?:20|2B)|{_BACKSLASH}(?:[nrt]|u0020)|&nbsp;|\u3000)+"
    forms: dict[str, None] = {}
    for one in dict.fromkeys((character, character.lower(), character.upper(), *_wide(character))):
        # `ß` in capitals is two characters of ASCII.
        coded = quote(one, safe="") if not one.isascii() else "".join(f"%{ord(part):02X}" for part in one)
        forms |= dict.fromkeys((re.escape(one), coded.replace("%", "%(?:25)*")))  # coded once or several times
        if len(one) == 1 and ord(one) < 0x10000:
            forms[rf"{_BACKSLASH}u{ord(one):04x}"] = None
        forms |= dict.fromkeys(rf"&#(?:0*{ord(part)}|x0*{ord(part):x});" for part in one)
    forms |= dict.fromkeys({"@": ["&commat;"], ".": ["&period;"]}.get(character, []))
    return f"(?:{'|'.join(forms)})"


def _wide(character: str) -> Iterator[str]:
    """The forms of another width that Unicode holds for the same character."""
    if "!" <= character <= "~":
        yield from {chr(ord(one) + 0xFEE0) for one in (character.lower(), character.upper())}
    yield from {"@": "\ufe6b", ".": "\u3002\uff61\ufe52"}.get(character, "")


def addresses(text: str) -> set[str]:
    """The e-mail addresses that a text holds, in whatever form, in small letters."""
    plain = text
    for _ in range(CODED):
        plain = unquote(html.unescape(plain))
    plain = _unescaped(plain)
    for known in (text, plain):
        plain += f" {known} {_CONTROL.sub(' ', known)}"
    return {found.casefold() for found in _ADDRESS.findall(unicodedata.normalize("NFKC", plain))}


_SIGNS = ("@", "%40", "2540", "u0040", "&#", "&commat;", "\uff20", "\ufe6b", "uff20", "ufe6b", "%bc%a0", "%b9%ab")


def may_hold(text: str) -> bool:
    """Whether a text may hold an e-mail address at all: nearly none does."""
    small = text.lower()
    return any(sign in small for sign in _SIGNS)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


class Eraser:
    """Knows what goes: e-mail addresses with what stands in their place, and other names."""

    def __init__(self, tokens: Mapping[str, str], names: Iterable[str] = ()) -> None:
        self._addresses = [(pattern(mail, address=True), token) for mail, token in sorted(tokens.items())]
        self._within = [(pattern(mail, address=True, word=False), token) for mail, token in sorted(tokens.items())]
        alone = (mail.partition("@")[0] for mail in tokens)
        locals_ = [name for name in alone if len(name) >= LOCAL and name not in ANYBODYS and not name.isdigit()]
        known = {name for name in (one.strip() for one in names) if _identifies(name)}
        self._names = [pattern(name) for name in sorted(known.union(locals_), key=lambda name: (-len(name), name))]

    def address(self, text: str) -> str:
        """The text without the e-mail addresses."""
        for found, token in self._addresses:
            text = found.sub(token, text)
        return text

    def name(self, text: str) -> str:
        """The normal form of a name without the addresses: what stood around them there has no blanks any more."""
        for found, token in self._within:
            text = found.sub(token, text)
        return text

    def bytes(self, body: bytes) -> bytes:
        """A body without the e-mail addresses; bytes that are no UTF-8 come through as they are."""
        return self.address(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def text(self, text: str) -> str:
        """The text without the addresses and names."""
        text = self.address(text)
        for found in self._names:
            text = found.sub(MASK, text)
        return text


def _identifies(name: str) -> bool:
    return (
        len(name) >= SHORTEST and name != MASK and (any(map(str.isalpha, name)) or sum(map(str.isdigit, name)) >= PHONE)
    )


def through(value: Any, clean: Callable[[str], str]) -> Any:
    """A tree of plain data with every text cleaned, names of fields included."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name) if isinstance(name, str) else name: through(inner, clean) for name, inner in value.items()}
    return [through(inner, clean) for inner in value] if isinstance(value, list | tuple) else value
