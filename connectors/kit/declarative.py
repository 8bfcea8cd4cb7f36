"""An ordinary REST system, from its manifest alone: what its sections say is what it can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from connectors.kit import paging
from connectors.kit.alone import ENCODER as SHOWN
from connectors.kit.answers import DECODER, Response, refuse
from connectors.kit.api import (
    Changed,
    Health,
    Login,
    Message,
    Operation,
    Page,
    Reply,
    Unreadable,
    WebhookRequest,
)
from connectors.kit.bodies import decoded
from connectors.kit.changes import Changes, ListedRow, Taken
from connectors.kit.errors import (
    Conflict,
    ConnectorError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
    Unsupported,
)
from connectors.kit.expressions import Failed, as_text, records_of, search, search_with, word_of
from connectors.kit.http import Http
from connectors.kit.manifest_parts import Manifest, Stream
from connectors.kit.signing import Signed
from connectors.kit.templates import fill, path

ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=refuse)
ERRORS: Mapping[str, Callable[[str, float | None], ConnectorError]] = {
    "rejected": lambda text, after: Rejected(text),
    "retry_later": lambda text, after: RetryLater(text, after=after),
    "rate_limited": lambda text, after: RateLimited(text, after=after),
    "conflict": lambda text, after: Conflict(text),
    "not_found": lambda text, after: NotFound(text),
    "unauthorized": lambda text, after: Unauthorized(text),
    "outcome_unknown": lambda text, after: OutcomeUnknown(text),
}


class Declarative(Signed):
    """A connector without code; `manifest` is set by the registry."""

    from_manifest: ClassVar[bool] = True
    manifest: ClassVar[Manifest]

    def __init__(self, account: Login, http: Http) -> None:
        super().__init__(account, http.view(classify=self.classify))

    # -- reading

    def check(self) -> Health:
        section = self.manifest.check
        if section is None:
            raise Unsupported(f"{self.manifest.label}: the manifest names no check")
        try:
            self.http.get(path(section["path"], self.account.settings), params=self._query(section, {}))
        except ConnectorError as problem:
            return Health(ok=False, problems=(str(problem),))
        return Health(ok=True)

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Page by page what changed since the cursor, or (a sweep) all there is; see `changes` for how."""
        spec = self._stream(stream)
        section = spec.poll
        if section is None:
            raise Unsupported(f"{self.manifest.label}: stream {stream!r} is not polled")
        paged = section.get("paging", {})
        changes = Changes(
            lambda since, place: self._page(spec, section, since, place),
            spec.kind(self.manifest.tz),
            self.http.clock,
            overlap=spec.overlap,
            oldest_first=paged.get("oldest_first", False),
            settle=spec.feed in ("cursor", "window"),
            most=paged.get("most", paging.MOST),
            name=f"{self.manifest.label}'s list of {stream}",
        )
        for rows, after in changes.since(cursor):
            yield Page([self._row(spec, record) for record in rows], after)

    def fetch(self, stream: str, external_id: str) -> Message:
        spec = self._stream(stream)
        section = spec.read
        if section is None:
            raise Unsupported(f"{self.manifest.label}: stream {stream!r} cannot be fetched")
        words = {**self.account.settings, "id": external_id}
        try:
            answer = self.http.get(path(section["path"], words), params=self._query(section, words)).json()
        except NotFound:
            return Message(stream, external_id, b"null", deleted=True)
        record = search(section["record"], answer) if "record" in section else answer
        if record in (None, [], {}):
            return Message(stream, external_id, b"null", deleted=True)
        return self._message(spec, record, external_id)

    def accept(self, request: WebhookRequest) -> Sequence[Message | Changed]:
        hook = self.manifest.webhook
        if hook is None or not hook.topics:
            raise Unsupported(f"{self.manifest.label} sends no webhooks")
        self.genuine(request)
        body = decoded(DECODER, request.body, "JSON")
        word = str(word_of(hook.topic, request, body) or "")
        topic = hook.topics.get(word)
        if topic is None:
            return []  # a topic nobody asked for is no news; the poll would bring it if it were
        spec = self._stream(topic.stream)
        where = topic.record or hook.record
        record = search(where, body) if where else body
        found_id = as_text(search(topic.id or hook.id, body) if topic.id or hook.id else search(spec.id, record))
        if found_id is None:
            raise ValueError(f"topic {word!r} came without the id of its {topic.stream}")
        if topic.notification:
            return [Changed(topic.stream, found_id, word)]
        delivery = as_text(word_of(hook.delivery_id, request, body)) if hook.delivery_id else None
        return [self._message(spec, record, found_id, delivery)]

    # -- writing

    def perform(self, operation: Operation) -> Reply:
        spec = self.manifest.operations.get(operation.kind)
        section = spec.request if spec else None
        if section is None:
            raise Unsupported(f"{self.manifest.label} cannot {operation.kind}")
        words = self._words(operation)
        body = search(section["body"], dict(operation.payload)) if "body" in section else dict(operation.payload)
        headers = {str(k): str(v) for k, v in fill(section.get("headers", {}), words).items() if v is not None}
        if "key_header" in section:
            headers[section["key_header"]] = operation.id
        answer = self.http.request(
            section["method"],
            path(section["path"], words),
            json=None if section["method"] == "DELETE" else body,
            params=self._query(section, words),
            headers=headers,
            read=False,
        )
        return self._reply(section, operation, answer.peek())

    def find(self, operation: Operation) -> Reply | None:
        spec = self.manifest.operations.get(operation.kind)
        section = spec.find if spec else None
        if section is None:
            raise Unsupported(f"{self.manifest.label} offers no way to find an earlier {operation.kind}")
        words = self._words(operation)
        try:
            answer = self.http.get(path(section["path"], words), params=self._query(section, words)).json()
        except NotFound:
            return None
        record = search_with(section["record"], words, answer)
        if record in (None, [], {}, False):
            return None
        return self._reply(section, operation, record)

    # -- what is the same for all of them

    def classify(self, response: Response) -> ConnectorError | None:
        """The manifest's `errors` over {status, body, read}: the first that is true decides; `fine` stops looking."""
        if not self.manifest.errors:
            return None
        seen = {"status": response.status, "body": response.peek(), "read": response.read}
        for rule in self.manifest.errors:
            if search(rule["when"], seen) not in (None, False, "", [], {}):
                if rule["error"] == "fine":
                    return None
                said = as_text(search(rule["message"], seen)) if "message" in rule else None
                wait = search(rule["after"], seen) if "after" in rule else response.retry_after
                text = f"{response.system}: {response.method} {response.url}: {said or response.message()}"
                return ERRORS[rule["error"]](text, float(wait) if wait is not None else None)
        return None

    def _stream(self, name: str) -> Stream:
        if name not in self.manifest.streams:
            raise Unsupported(f"{self.manifest.label} has no stream {name!r}")
        return self.manifest.streams[name]

    def _message(self, spec: Stream, record: Any, external_id: str, delivery: str | None = None) -> Message:
        external_id = as_text(search(spec.id, record)) or external_id if spec.id else external_id
        version = as_text(search(spec.version_at, record)) if spec.version_at else None
        gone = bool(spec.deleted and search(spec.deleted, record))
        return Message(spec.name, external_id, ENCODER.encode(record), version, gone, delivery)

    def _row(self, spec: Stream, record: Any) -> Message | Unreadable:
        """A row of a list as a message. One that is no record, or does not say which, stands for itself alone."""
        known = None
        try:
            known = as_text(search(spec.id, record))
            if known is not None:
                return self._message(spec, record, known)
            error = f"it came without an id ({spec.id}); has its shape changed?"
        except Failed as problem:
            error = f"the manifest's expressions cannot read it: {problem}"
        except Rejected as problem:
            error = str(problem)
        text = f"{self.manifest.label}: one {spec.name} of the list cannot be read: {error}"
        return Unreadable(spec.name, known or "", text, SHOWN.encode(record))

    def _page(self, spec: Stream, section: Mapping[str, Any], since: str | None, place: Any) -> Taken:
        taken = self._way(section, {**self.account.settings, "cursor": since})(place)
        return Taken(
            [_named(spec, record) for record in records_of(section["records"], taken.page)], taken.next, taken.body
        )

    def _way(self, section: Mapping[str, Any], words: Mapping[str, Any]) -> paging.Step:
        """The way through a list that is asked for with these words."""
        where, base = path(section["path"], words), self._query(section, words)
        body = fill(section["body"], words) if "body" in section else None

        def read(more: dict[str, Any]) -> Response:
            if section.get("method") == "POST":
                response: Response = self.http.post(where, params=base, json={**(body or {}), **more}, read=True)
            else:
                response = self.http.get(where, params={**base, **more})
            return response

        def records(page: Any) -> Sequence[Any]:
            return records_of(section["records"], page)

        spec = section.get("paging", {"kind": "none"})
        query, size = spec.get("query", ""), spec.get("size", 0)
        if spec.get("size_query") and size:
            base = {**base, spec["size_query"]: size}
        match spec["kind"]:
            case "number":
                return paging.numbers(read, records, query=query, first=spec.get("first", 1), size=size)
            case "offset":
                total = (lambda page: search(spec["total"], page)) if "total" in spec else None
                return paging.offsets(read, records, query=query, size=size, total=total)
            case "token":
                return paging.tokens(read, lambda page: search(spec["token"], page), query=query)
            case "link":
                return paging.links(read, self.http.get)
        return paging.single(read)

    def _query(self, section: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
        filled: dict[str, Any] = fill(section.get("query", {}), {**self.account.settings, **words})
        return filled

    def _words(self, operation: Operation) -> dict[str, Any]:
        """What a path, query or header may name: settings, the objects' ids by stream, and the call's own words."""
        own = {
            "id": operation.id,
            "reference": operation.reference,
            "number": operation.number,
            "order_number": operation.order_number,
        }
        return {**self.account.settings, **own, **operation.objects}

    def _reply(self, section: Mapping[str, Any], operation: Operation, answer: Any) -> Reply:
        found = {stream: as_text(search(where, answer)) for stream, where in section.get("objects", {}).items()}
        objects = {stream: external_id for stream, external_id in found.items() if external_id is not None}
        known = {**operation.objects, **objects}
        back_to = section.get("read_back", sorted(objects))
        return Reply(
            objects=objects, read_back=tuple(Changed(s, known[s], operation.kind) for s in back_to if s in known)
        )


def _named(spec: Stream, record: Any) -> ListedRow:
    """A row with what tells it from others: its id, else all of it."""
    try:
        version = as_text(search(spec.version_at, record)) if spec.version_at else None
        return ListedRow(as_text(search(spec.id, record)) or "", version, record)
    except Failed:
        return ListedRow("", None, record)
