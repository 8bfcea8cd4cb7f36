"""What may be shown of a text: no secrets, masked by their value in every form, and by the names of their fields.

mask = Mask(["s3cret"])
mask.text("GET https://h.test/?q=1&access_token=abc: s3cret is no key")  # ...&access_token=*** *** is no key
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

MASK = "***"
SHORTEST = 4
"""Characters of a secret that is masked by its value; shorter ones would mask half the alphabet."""
SHORTEST_CODED = 8
"""The same for forms that look like any text (base64, hexadecimal)."""

KEY = re.compile(
    "authorization|cookie|token|secret|password|passwd|passphrase|apikey|appkey|accesskey|privatekey|subscriptionkey"
    "|sessionid|signature|hmac|credential"
    "|email|phone|mobile|firstname|lastname|fullname|customername|customernote|receiver|recipient|address|street"
    "|postalcode|postcode|zipcode|birthday|cardnumber|signedby"
)
WHOLE = frozenset(("auth", "code_verifier", "jwt", "pass", "pwd", "pin", "salt", "sign", "sig", "key")) | {
    *("tel", "ssn", "iban", "vat", "zip", "city", "province", "district", "company")
}
"""Names that tell too little as a part of another one: they are masked only when they are the whole name."""
HARMLESS = re.compile(r"[A-Za-z]{0,11}|v?[\d.-]{0,10}")
"""Values that are no key: a short word, a number, a date, a version."""
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
"""From the beginning of a word: looked for from each of its letters, a long one would cost the square of its length."""
_USER = re.compile(r"""(?<=://)[^/\s?#"'<>]*@""")
_PARAMETER = re.compile(r"""(?<=[?&#;])([^=&#?\s"'<>]{1,80})=([^&#\s"'<>]+)""")

Error = TypeVar("Error", bound=BaseException)


class Mask:
    """Knows what may appear nowhere."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(secrets)
        self._forms, self._pattern = _pattern(self.secrets)

    def also(self, more: Iterable[str]) -> Mask:
        """The same, with more secrets."""
        return Mask(self.secrets.union(more))

    def values(self, text: str) -> str:
        """Text without the secrets' values."""
        found = any(
            form in text for form in self._forms
        )  # nearly always not, and this is a tenth of the pattern's time
        return self._pattern.sub(MASK, text) if found else text

    def text(self, text: str) -> str:
        """Text without secrets, names and passwords in addresses, telling parameters, e-mail addresses, and NUL (which
        no database text can hold)."""
        text = _PARAMETER.sub(_parameter, _USER.sub(f"{MASK}@", self.values(text)))
        return EMAIL.sub(MASK, text).replace("\x00", "\ufffd")

    def error(self, problem: Error) -> Error:
        """The same error, its text and those of what led to it masked: they are logged with it."""
        seen: set[int] = set()
        left: list[object] = [problem]
        while left:
            one = left.pop()
            if not isinstance(one, BaseException) or id(one) in seen:
                continue
            seen.add(id(one))
            one.args = tuple(self.text(part) if isinstance(part, str) else part for part in one.args)
            for name, value in vars(one).items():
                if isinstance(value, str):
                    setattr(one, name, self.text(value))
            left += [one.__cause__, one.__context__, *one.args, *vars(one).values()]
        return problem


def hidden(name: str) -> bool:
    """Whether a field or header of this name holds a secret or a person's data."""
    low = name.lower()
    return low in WHOLE or KEY.search(low.replace("_", "").replace("-", "")) is not None


def in_address(url: str) -> list[str]:
    """The secrets that an address carries: the password before its host, and parameters that may be one."""
    parts = _split(url)
    if parts is None:
        return []
    user = parts.netloc.rpartition("@")[0]
    password = user.partition(":")[2] if ":" in user else user
    parameters = [
        value
        for part in (parts.query, parts.fragment)
        for name, value in parse_qsl(part)
        if _may_be_secret(name, value)
    ]
    return [one for one in (password, unquote(password), *parameters) if one]


def bare(url: str) -> str:
    """An address without the name and password before its host, and without parameters that may be secret; other text
    as it is."""
    parts = _split(url)
    if parts is None or not in_address(url):
        return url
    query, fragment = ("&".join(filter(_shown, part.split("&"))) for part in (parts.query, parts.fragment))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment=fragment).geturl()


def _shown(pair: str) -> bool:
    name, _, value = map(unquote_plus, pair.partition("="))
    return not _may_be_secret(name, value)


def _may_be_secret(name: str, value: str) -> bool:
    """Whether a parameter of a configured address may be secret: no list has every vendor's name for a key."""
    return hidden(name) or HARMLESS.fullmatch(value) is None


def of_headers(values: Iterable[str]) -> Iterator[str]:
    """The secrets in the values of headers that prove who asks, such as `Bearer abc`."""
    return (part for value in values for part in str(value).split() if len(part) >= SHORTEST_CODED)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme and parts.netloc else None


def _parameter(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if hidden(unquote_plus(found[1]).rpartition(".")[2]) else found[0]


@lru_cache(maxsize=256)
def _pattern(secrets: frozenset[str]) -> tuple[Sequence[str], re.Pattern[str]]:
    """Each secret in all its forms, the longest first, and what matches any of them."""
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    return forms, re.compile("|".join(map(re.escape, forms)))


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as addresses, JSON, HTML, Python, base64 (wherever it begins) and hexadecimal write it."""
    if len(secret) < SHORTEST:
        return
    plain = (
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
    )
    coded = quote(secret, safe=""), quote_plus(secret), quote(secret)
    yield from (
        secret,
        secret.strip(),
        *plain,
        *coded,
        *(re.sub("%..", lambda at: at[0].lower(), one) for one in coded),
    )
    raw = secret.encode(errors="surrogatepass")
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            # Whole groups of six bits that hold nothing else: what stands before and after decides the others.
            text = encode(bytes(before) + raw).decode().rstrip("=")
            yield from _long(text[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6])
    yield from _long(raw.hex())
    yield from _long(raw.hex().upper())


def _long(text: str) -> Iterator[str]:
    if len(text) >= SHORTEST_CODED:
        yield text
