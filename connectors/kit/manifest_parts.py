"""What a manifest says, as plain frozen classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.kit.addresses import wrong
from connectors.kit.versions import Kind

FILE = "manifest.yaml"


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, in both languages."""

    en: str = ""
    zh: str = ""

    def __str__(self) -> str:
        return self.en or self.zh

    def of(self, language: str) -> str:
        """In this language, else in the other."""
        return (self.zh or self.en) if language.startswith("zh") else (self.en or self.zh)


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing an account has to know: a field of its form."""

    name: str
    label: Text = Text()
    help: Text = Text()
    secret: bool = False
    required: bool = True
    default: Any = None
    choices: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record. Durations are seconds; 0 means not at all."""

    name: str
    feed: str
    version: str = "none"
    version_type: tuple[str, ...] = ()
    """How versions compare: number, time, text; several where each record's sender chooses."""
    fetch: bool = False
    label: Text = Text()
    sweep_open: float = 0.0
    every: float = 60.0
    overlap: float = 0.0
    id: str = ""
    version_at: str = ""
    deleted: str = ""
    personal: tuple[str, ...] = ()
    """Where personal data stands in a record."""
    customer: tuple[str, ...] = ()
    """Where it says whose record it is (e-mail, phone, their number of the customer), so that a person can be found."""
    poll: Mapping[str, Any] | None = None
    read: Mapping[str, Any] | None = None
    """The declarative `fetch` section, where it is one."""

    def kind(self, zone: tzinfo) -> Kind:
        """How its versions compare; `zone` is that of times that name none."""
        return Kind(self.version_type, zone)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a webhook topic brings: a record of a stream, or only that one changed (a change notification)."""

    stream: str
    notification: bool = False
    id: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What they want to hear when a webhook was taken, where a bare 2xx is not enough; `body` is sent as it stands."""

    body: str
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Webhook:
    """How their webhooks are proven and unpacked."""

    signature: Mapping[str, Any]
    address: str = ""
    """The setting that holds the address they call, as `$name`, where the account has to know it."""
    topic: str = ""
    topics: Mapping[str, Topic] = field(default_factory=dict)
    id: str = ""
    record: str = ""
    delivery_id: str = ""
    answer: WebhookAnswer | None = None


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """What the pipeline must know before it asks for this operation."""

    name: str
    settles_within: float = 10.0
    key_retention: float = 0.0
    moves_money: str = "no"
    serialise_by: str = "return"
    request: Mapping[str, Any] | None = None
    find: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """A token bucket: `rate` requests a second, `burst` at once."""

    rate: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Stores:
    """How this system keeps a text or number that it is told; plan compares after doing the same."""

    trim: bool = False
    max_length: int = 0
    case: str = ""
    decimals: int | None = None

    def normal(self, value: Any) -> Any:
        """The value as it would be read back."""
        if isinstance(value, str):
            value = value.strip() if self.trim else value
            value = value[: self.max_length] if self.max_length else value
            return {"upper": value.upper(), "lower": value.lower()}.get(self.case, value)
        if isinstance(value, Decimal) and self.decimals is not None:
            return value.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_EVEN)
        return value


@dataclass(frozen=True, slots=True)
class Manifest:
    """One system, as data."""

    name: str
    kind: str
    support: str
    label: Text = Text()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    auth: Mapping[str, Any] = field(default_factory=lambda: {"kind": "none"})
    base_url: str = "$base_url"
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    check: Mapping[str, Any] | None = None
    streams: Mapping[str, Stream] = field(default_factory=dict)
    webhook: Webhook | None = None
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    errors: tuple[Mapping[str, Any], ...] = ()
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    zone: str = "UTC"
    max_silence: float = 0.0
    silent: tuple[str, ...] = ()
    stores: Mapping[str, Stores] = field(default_factory=dict)
    by_account: Mapping[str, str] = field(default_factory=dict)
    """What an account's own settings decide (kind, silent, fetch, operations), by the name of the setting."""
    writable: bool = True
    """False for an account that has no address to write to; see `of`."""

    @property
    def tz(self) -> ZoneInfo:
        """The zone of times that name none."""
        return ZoneInfo(self.zone)

    @property
    def secrets(self) -> frozenset[str]:
        """The names of secret settings."""
        return frozenset(setting.name for setting in self.settings.values() if setting.secret)

    def stored(self, field: str, value: Any) -> Any:
        """Our value as it reads after this system kept it."""
        return self.stores[field].normal(value) if field in self.stores else value

    def complete(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """An account's settings with the defaults filled in."""
        defaults = {name: setting.default for name, setting in self.settings.items() if setting.default is not None}
        return {**defaults, **{name: value for name, value in settings.items() if value is not None}}

    def of(self, settings: Mapping[str, Any]) -> Manifest:
        """This system as one account has it: what `by_account` leaves to its settings is decided."""
        known = self.complete(settings)
        said = {part: known.get(name) for part, name in self.by_account.items()}
        changes: dict[str, Any] = {}
        if said.get("kind"):
            changes["kind"] = said["kind"]
        if "silent" in said:
            changes["silent"] = tuple(several(said["silent"]))
        if "fetch" in said and not said["fetch"]:
            changes["streams"] = {name: replace(stream, fetch=False) for name, stream in self.streams.items()}
        if "operations" in said and not said["operations"]:
            changes["writable"] = False
        return replace(self, **changes)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of system it may be: one, unless each account says its own."""
        return self.settings[self.by_account["kind"]].choices if "kind" in self.by_account else (self.kind,)

    def missing(self, settings: Mapping[str, Any]) -> list[str]:
        """What is wrong with an account's settings, as sentences; empty when nothing is."""
        known = self.complete(settings)
        absent = sorted(n for n, s in self.settings.items() if s.required and known.get(n) in (None, "", []))
        problems = [f"set {', '.join(absent)} (see connectors/{self.name}/{FILE})"] if absent else []
        for name in sorted(set(settings) - set(self.settings)):
            problems.append(f"{self.label} has no setting {name!r}; it has {', '.join(self.settings) or 'none'}")
        for name, setting in self.settings.items():
            if setting.many and not _texts(known.get(name)):
                problems.append(f"{name} is a text, or a list of texts; a number has to stand in quotes")
                continue
            said = several(known.get(name)) if setting.many else [known.get(name)]
            if setting.choices and not {word for word in said if word not in (None, "")} <= set(setting.choices):
                problems.append(f"{name} must be one of {', '.join(setting.choices)}")
            if name.endswith("url"):
                wrongs = [why for word in said if word not in (None, "") and (why := wrong(word))]
                problems += [f"{name} is no address ({why}); write it like https://shop.example" for why in wrongs]
        return problems


def _texts(value: Any) -> bool:
    """Whether it can be the value of a setting that may have many; None where it is not set."""
    return value is None or all(isinstance(one, str) for one in (value if isinstance(value, list | tuple) else [value]))


def several(value: Any) -> list[Any]:
    """The values of a setting that may have many: a list, or a text with commas between them."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return list(value or ())
