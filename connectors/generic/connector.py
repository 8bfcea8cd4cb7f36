"""Our own door: signed pushes in, signed messages out (Standard Webhooks, both ways)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

import msgspec

from connectors.generic import door
from connectors.generic.answer import understood
from connectors.kit import signing
from connectors.kit.addresses import origin
from connectors.kit.answers import Response
from connectors.kit.api import Connector, Health, Login, Message, Operation, Reply, Unreadable, WebhookRequest
from connectors.kit.errors import (
    ConnectorError,
    InvalidWebhook,
    NotFound,
    RetryLater,
    Unauthorized,
    Unsupported,
)
from connectors.kit.http import Http, segment
from connectors.kit.manifest_parts import Manifest

SCHEMES: Mapping[str, Mapping[str, Any]] = {
    "standard": {"scheme": "standard", "secret": "$webhook_secret"},
    "shared": {"scheme": "shared", "secret": "$webhook_secret", "header": "Authorization", "prefix": "Bearer "},
}
KEYS = ("webhook-id", "idempotency-key")
"""Headers that name a push: the same name twice is the same push."""


class Generic(Connector):
    """Any system that speaks as README.md beside this file says."""

    manifest: ClassVar[Manifest]
    topics = tuple(door.TOPICS)

    def __init__(self, account: Login, http: Http) -> None:
        token = account.settings.get("token")
        super().__init__(account, http.view(headers={"Authorization": f"Bearer {token}"}) if token else http)

    # -- in

    def accept(self, request: WebhookRequest) -> Sequence[Message]:
        self.genuine(request)
        named = request.header(KEYS[0]) or request.header(KEYS[1])
        return door.unpack(request.body, named)

    @cached_property
    def genuine(self) -> signing.Check:
        """Raises InvalidWebhook for a request that the other side did not sign."""
        return signing.check(SCHEMES[self.account.settings["signed_with"]], self.account.settings)

    # -- out

    def check(self) -> Health:
        """A signed ping, which the other side answers with 2xx and otherwise ignores."""
        settings = self.account.settings
        facts = {"kind": str(settings["kind"]), "pushes": str(settings["signed_with"])}
        url, read_url = settings.get("url"), settings.get("read_url")
        if read_url and origin(read_url) != self.http.origin:
            return Health(False, (f"read_url {read_url} is on another host than url; credentials go to one only",))
        if not url:
            return Health(True, facts={**facts, "told": "nothing: there is no url"})
        try:
            self._post(f"ping-{uuid.uuid4()}", door.PING, {}, read=True)
        except ConnectorError as problem:
            return Health(False, (str(problem),), facts)
        return Health(True, facts=facts)

    def fetch(self, stream: str, external_id: str) -> Message | Unreadable:
        """The record at {read_url}/{stream}/{id}; the signature covers that name, since a GET has no body."""
        base = self.account.settings.get("read_url")
        if stream not in door.STREAMS or not base:
            raise Unsupported(f"{stream} records cannot be read back; read_url in the account's settings says where")
        name = f"{stream}/{segment(external_id)}"
        try:
            answer = self.http.get(f"{base.rstrip('/')}/{name}", headers=self._signed(name, b""))
            return door.read_back(stream, external_id, answer.body)
        except NotFound:
            return Message(stream, external_id, b"null", deleted=True)
        except ValueError as error:
            said = f"{self.http.name}: what stands at {base}/{name} is no {stream}: {error}"
            return Unreadable(stream, external_id, said, answer.body)

    def _send(self, operation: Operation) -> Reply:
        """One message to their address; their answer says what came of it."""
        objects = dict(operation.objects)
        order = {"id": objects.get("order"), "number": operation.order_number}
        data = {
            "hub_number": operation.number,
            "return": objects.get("return"),
            "order": {name: value for name, value in order.items() if value is not None} or None,
            "round": operation.round,
            "version": door.shown(operation.version),
            "notify": operation.notify,
            **operation.payload,
        }
        said = {name: value for name, value in data.items() if value is not None}
        return understood(operation, self._post(operation.id, operation.kind, said).body)

    do_create_return = do_amend = do_authorize = do_reject = do_accept_goods = do_refuse_goods = _send
    do_cancel = do_reopen = do_close = do_add_tracking = do_receive = do_dispose = _send
    do_refund = do_record_refund = do_credit = do_exchange = do_note = _send

    def _post(self, key: str, kind: str, data: Mapping[str, Any], *, read: bool = False) -> Response:
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        body = msgspec.json.encode({"id": key, "type": kind, "timestamp": stamp, "data": data})
        headers = {"Content-Type": "application/json", **self._signed(key, body)}
        answer: Response = self.http.post("", data=body, headers=headers, classify=_meaning, read=read)
        return answer

    def _signed(self, key: str, body: bytes) -> dict[str, str]:
        """Standard Webhooks headers, signed with every secret still in use."""
        try:
            made = [signing.sign_standard(secret, key, body, time.time()) for secret in self._secrets()]
        except InvalidWebhook as error:
            raise Unauthorized(f"nothing can be signed: {error}") from error
        return {**made[0], "webhook-signature": " ".join(headers["webhook-signature"] for headers in made)}

    def _secrets(self) -> list[str]:
        given = self.account.settings["webhook_secret"]
        return [given] if isinstance(given, str) else list(given)


def _meaning(response: Response) -> ConnectorError | None:
    """Where our door says more than HTTP does."""
    text = f"{response.system} answered {response.status}: {response.message()}"
    if response.status in (410, 501):
        return Unsupported(text)
    return RetryLater(text, after=response.retry_after) if response.status in (408, 503) else None
