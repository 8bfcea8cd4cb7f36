"""Kinds of value in a manifest: durations, rates, paths and places in a record, texts, types of versions."""

from __future__ import annotations

import re
from typing import Any

import jmespath
from marshmallow import ValidationError, fields

from connectors.kit.manifest_parts import Text
from connectors.kit.places import steps
from connectors.kit.versions import KINDS

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(fields.Field[float]):
    """Seconds, or a text such as 30s, 5m, 2h, 1d."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?", str(value)) if not isinstance(value, bool) else None
        if found is None:
            raise ValidationError("must be a duration: seconds, or 30s, 5m, 2h, 1d")
        return float(found[1]) * SECONDS[found[2] or "s"]


def rate(value: Any) -> float:
    """Requests a second, of a number or a text such as 2/s, 40/m, 1000/h. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:/\s*(s|m|h|d))?", str(value)) if not isinstance(value, bool) else None
    if found is None or not float(found[1]):
        raise ValueError("must be a rate above 0: requests a second, or 2/s, 40/m, 1000/h")
    return float(found[1]) / SECONDS[found[2] or "s"]


class Rate(fields.Field[float]):
    """As `rate` reads it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> float:
        try:
            return rate(value)
        except ValueError as problem:
            raise ValidationError(str(problem)) from problem


class Path(fields.Field[str]):
    """A JMESPath over their record."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a JMESPath")
        if not value.startswith("header:"):
            try:
                jmespath.compile(value)
            except jmespath.exceptions.JMESPathError as error:
                raise ValidationError(f"is no JMESPath: {error}".splitlines()[0]) from error
        return value


class Where(fields.Field[str]):
    """Where something stands in their record: a JMESPath of names and lists."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        try:
            steps(str(value))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return str(value)


class TextField(fields.Field[Text]):
    """A text, or {en: ..., zh: ...}."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Text:
        if isinstance(value, str):
            return Text(value, value)
        if (
            isinstance(value, dict)
            and value
            and set(value) <= {"en", "zh"}
            and all(isinstance(v, str) for v in value.values())
        ):
            return Text(**value)
        raise ValidationError("must be a text, or a text for each of en and zh")


class VersionType(fields.Field[tuple[str, ...]]):
    """One word, or several where each record's sender chooses."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> tuple[str, ...]:
        words = value if isinstance(value, list) else [value]
        if not words or not all(word in KINDS for word in words):
            raise ValidationError(f"must be one of {', '.join(KINDS)}, or a list of some of them")
        return tuple(words)
