"""The manifest's schema: every key, its shape, and the rules between keys; all errors at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, post_load, pre_load
from marshmallow.validate import And, Length, OneOf, Range, Regexp

from connectors.kit import manifest_parts as made
from connectors.kit.manifest_fields import Duration, Path, Rate, TextField, VersionType, Where
from connectors.kit.manifest_rules import AXES, KINDS, between
from connectors.kit.yamlfile import Document, Place, Problem

SUPPORT = ("live", "sandbox", "recorded", "untested")
FEEDS = ("cursor", "window", "sweep", "snapshot", "push", "none")
OPERATIONS = (
    *("create_return", "amend", "authorize", "reject", "accept_goods", "refuse_goods", "cancel", "reopen", "close"),
    *("add_tracking", "receive", "dispose", "refund", "record_refund", "credit", "exchange", "note", "add_evidence"),
)
ERRORS = ("rejected", "retry_later", "rate_limited", "conflict", "not_found", "unauthorized", "outcome_unknown", "fine")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAME = Regexp(r"[a-z][a-z0-9_]*\Z", error="must be lower-case letters, digits and _, beginning with a letter")
PATH = Regexp(r"/|/.*[^/]\Z|/.+", error="must begin with /")


def one_of(*words: str, **options: Any) -> fields.String:
    return fields.String(validate=OneOf(words, error="must be one of {choices}"), **options)


def named(schema: type[Schema], **options: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(validate=NAME), values=fields.Nested(schema), **options)


def texts() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Raw())


class SettingSchema(Schema):
    label = TextField()
    help = TextField()
    secret = fields.Boolean(truthy={True}, falsy={False})
    required = fields.Boolean(truthy={True}, falsy={False})
    default = fields.Raw()
    choices = fields.List(fields.String())
    many = fields.Boolean(truthy={True}, falsy={False})

    @post_load
    def _frozen(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "choices": tuple(data.get("choices", ()))}


class AuthorizeSchema(Schema):
    url = fields.String(required=True)
    scope = fields.String()
    form = texts()


class AuthSchema(Schema):
    kind = one_of(
        "none", "header", "basic", "bearer", "client_credentials", "refresh_token", "connector", required=True
    )
    header = fields.String()
    value = fields.String()
    user = fields.String()
    password = fields.String()
    token = fields.String()
    token_url = fields.String()
    client_id = fields.String()
    client_secret = fields.String()
    scope = fields.String()
    client = one_of("basic", "body")
    authorize = fields.Nested(AuthorizeSchema)


class PagingSchema(Schema):
    kind = one_of("number", "offset", "token", "link", "none", required=True)
    query = fields.String()
    size_query = fields.String()
    size = fields.Integer(strict=True, validate=Range(min=1))
    first = fields.Integer(strict=True)
    token = Path()
    total = Path()
    oldest_first = fields.Boolean(truthy={True}, falsy={False})
    most = fields.Integer(strict=True, validate=Range(min=1))


class PollSchema(Schema):
    method = one_of("GET", "POST")
    path = fields.String(required=True, validate=PATH)
    query = texts()
    body = texts()
    records = Path(required=True)
    paging = fields.Nested(PagingSchema)


class ReadSchema(Schema):
    path = fields.String(required=True, validate=PATH)
    query = texts()
    record = Path()


class FetchField(fields.Field[Any]):
    """Whether single records can be read back: true, false, or the request that does."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if isinstance(value, bool):
            return value
        if not isinstance(value, dict):
            raise ValidationError("must be true, false, or a section with a path")
        return ReadSchema().load(value)


class StreamSchema(Schema):
    feed = one_of(*FEEDS, required=True)
    version = one_of("ordering", "unordered", "none")
    version_type = VersionType()
    fetch = FetchField()
    label = TextField()
    sweep_open = Duration()
    every = Duration()
    overlap = Duration()
    id = Path()
    version_at = Path()
    deleted = Path()
    personal = fields.List(Where())
    customer = fields.List(Where())
    poll = fields.Nested(PollSchema)

    @post_load
    def _split(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if isinstance(fetch := data.get("fetch"), dict):
            data["read"], data["fetch"] = fetch, True
        return {**data, **{name: tuple(data.get(name, ())) for name in ("personal", "customer")}}


class SignatureSchema(Schema):
    scheme = one_of("hmac", "standard", "timestamped", "shared", "unsigned", "connector", required=True)
    header = fields.String()
    secret = fields.String()
    digest = one_of("sha256", "sha1", "sha512")
    encoding = one_of("hex", "base64")
    prefix = fields.String()
    url = fields.String()
    normalize = one_of("nfkd")
    tolerance = Duration()


class TopicSchema(Schema):
    stream = fields.String(required=True)
    notification = fields.Boolean(truthy={True}, falsy={False})
    id = Path()
    record = Path()

    @pre_load
    def _short(self, data: Any, **_: Any) -> Any:
        return {"stream": data} if isinstance(data, str) else data

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> made.Topic:
        return made.Topic(**data)


class WebhookAnswerSchema(Schema):
    body = fields.String(required=True)
    status = fields.Integer(strict=True, validate=Range(min=200, max=299))
    content_type = fields.String(validate=Regexp(r"[\w.+-]+/[\w.+-]+(; ?[\w=.-]+)?\Z", error="is no content type"))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> made.WebhookAnswer:
        return made.WebhookAnswer(**data)


class WebhookSchema(Schema):
    signature = fields.Nested(SignatureSchema, required=True)
    address = fields.String()
    topic = Path()
    topics = fields.Dict(keys=fields.String(), values=fields.Nested(TopicSchema))
    id = Path()
    record = Path()
    delivery_id = Path()
    answer = fields.Nested(WebhookAnswerSchema)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> made.Webhook:
        return made.Webhook(**data)


class RequestSchema(Schema):
    method = one_of(*METHODS, required=True)
    path = fields.String(required=True, validate=PATH)
    query = texts()
    headers = texts()
    body = Path()
    key_header = fields.String()
    objects = fields.Dict(keys=fields.String(), values=Path())
    read_back = fields.List(fields.String())


class FindSchema(Schema):
    path = fields.String(required=True, validate=PATH)
    query = texts()
    record = Path(required=True)
    objects = fields.Dict(keys=fields.String(), values=Path())


class OperationSpecSchema(Schema):
    settles_within = Duration()
    key_retention = Duration()
    moves_money = one_of("yes", "may", "no", required=True)
    serialise_by = one_of("return", "order", "account")
    request = fields.Nested(RequestSchema)
    find = fields.Nested(FindSchema)


class ErrorSchema(Schema):
    when = Path(required=True)
    error = one_of(*ERRORS, required=True)
    message = Path()
    after = Path()


class BudgetSchema(Schema):
    rate = Rate(required=True)
    burst = fields.Integer(strict=True, validate=Range(min=1))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> made.Budget:
        return made.Budget(**data)


class StoresSchema(Schema):
    trim = fields.Boolean(truthy={True}, falsy={False})
    max_length = fields.Integer(strict=True, validate=Range(min=1))
    case = one_of("upper", "lower")
    decimals = fields.Integer(strict=True, validate=Range(min=0))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> made.Stores:
        return made.Stores(**data)


class ByAccountSchema(Schema):
    kind = fields.String()
    silent = fields.String()
    fetch = fields.String()
    operations = fields.String()


class ManifestSchema(Schema):
    name = fields.String(required=True, validate=NAME)
    label = TextField()
    kind = one_of(*KINDS, required=True)
    support = one_of(*SUPPORT, required=True)
    settings = named(SettingSchema)
    auth = fields.Nested(AuthSchema)
    base_url = fields.String()
    headers = texts()
    timeout = Duration(validate=Range(min=0, min_inclusive=False))
    check = fields.Nested(ReadSchema)
    streams = named(StreamSchema, required=True, validate=And(Length(min=1, error="name at least one stream")))
    webhook = fields.Nested(WebhookSchema)
    operations = fields.Dict(
        keys=fields.String(validate=OneOf(OPERATIONS, error="is no operation; there are {choices}")),
        values=fields.Nested(OperationSpecSchema),
    )
    errors = fields.List(fields.Nested(ErrorSchema))
    budgets = named(BudgetSchema)
    zone = fields.String()
    max_silence = Duration()
    silent = fields.List(one_of(*AXES))
    stores = named(StoresSchema)
    by_account = fields.Nested(ByAccountSchema)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> made.Manifest:
        data.setdefault("label", made.Text(data["name"], data["name"]))
        for section, kind in (("settings", made.Setting), ("streams", made.Stream), ("operations", made.OperationSpec)):
            data[section] = {name: kind(name=name, **value) for name, value in data.get(section, {}).items()}
        for section in ("silent", "errors"):
            data[section] = tuple(data.get(section, ()))
        return made.Manifest(**data)


def validate(document: Document) -> tuple[made.Manifest | None, list[Problem]]:
    """The manifest in a document, if its shape is right, and all that is wrong."""
    if not isinstance(document.data, dict):
        return None, [document.problem((), "a manifest is a mapping of keys")]
    try:
        manifest: made.Manifest = ManifestSchema().load(document.data)
    except ValidationError as error:
        return None, [document.problem(place, text) for place, text in flat(error.messages, document.data)]
    return manifest, [document.problem(place, text) for place, text in rules(manifest)]


def rules(manifest: made.Manifest) -> Iterator[tuple[Place, str]]:
    try:
        ZoneInfo(manifest.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield ("zone",), f"there is no time zone {manifest.zone!r}; write it like Asia/Shanghai"
    yield from between(manifest)


def flat(messages: Any, data: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """marshmallow's nested messages as (field, text); its extra steps `key`, `value` and `_schema` are left out."""
    if isinstance(messages, list):
        for text in messages:
            yield place, str(text).removesuffix(".")
    elif isinstance(messages, dict):
        for name, inner in messages.items():
            present = isinstance(data, dict) and name in data
            if name == "_schema" or (name in ("key", "value") and not present):
                yield from flat(inner, data, place)
            else:
                below = data[name] if present or (isinstance(data, list) and isinstance(name, int)) else None
                yield from flat(inner, below, (*place, name))
