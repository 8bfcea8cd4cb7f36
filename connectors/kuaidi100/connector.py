"""Kuaidi100 快递100: parcels of returns, watched by subscription. What it cannot do: README.md beside this file."""

from __future__ import annotations

import hmac
import re
import time
from binascii import a2b_qp
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from connectors.kit.api import Changed, Connector, Health, Login, Made, Message, Operation, Reply, WebhookRequest
from connectors.kit.bodies import decoded, shaped
from connectors.kit.errors import ConnectorError, InvalidWebhook, NotYet, Rejected, Unsigned, Unsupported
from connectors.kit.http import Http
from connectors.kit.signing import sign_hash
from connectors.kuaidi100.client import Client
from connectors.kuaidi100.parcel import AUTO, Lease, Parcel, named, salt
from connectors.kuaidi100.reading import STREAM, Record, ended, message, record

LEASE = "lease"
PAUSE = 1800
"""Seconds after a subscription's end before the number may be subscribed again."""
NOBODY = Parcel("return", "yuantong", "YT0000000000000")
"""A number that cannot exist: asking for it proves the credentials."""
QUOTED = bytes.maketrans(b"%+", b"= ")
PARAM = msgspec.json.Decoder()
SHORTEST = 16
"""Characters of a push secret below which it could be guessed."""


class Kuaidi100(Connector):
    """One customer of Kuaidi100."""

    topics = ("polling", "abort", "updateall", "shutdown")  # the statuses of a push, which has no other topic

    def __init__(self, account: Login, http: Http) -> None:
        super().__init__(account, http)
        self.client = Client(http, account.settings)

    def check(self) -> Health:
        """Customer and key are accepted; what the settings need for pushes to arrive and to be believed."""
        problems = []
        if any(len(secret) < SHORTEST for secret in self.client.secrets):
            problems.append(f"push_secret is shorter than {SHORTEST} characters: it could be guessed")
        ours = f"/hooks/{self.account.name}"
        if not re.fullmatch(rf"https?://.+{re.escape(ours)}", str(self.account.settings["callback_url"])):
            problems.append(f"callback_url must be https://<your hub>{ours}: pushes would not reach this account")
        try:
            self.client.query(NOBODY)
        except ConnectorError as problem:
            problems.append(str(problem))
        return Health(ok=not problems, problems=tuple(problems))

    def accept(self, request: WebhookRequest) -> Sequence[Message | Changed]:
        """A push: the parcel's full history, and perhaps that its subscription ended."""
        parcel, round, body = self._genuine(request)
        ended_here = body.get("status") == "abort" and not body.get("comNew")  # else they go on under another code
        with shaped("push of a parcel's history"):
            read = record(parcel, body)
        brought: list[Message | Changed] = [message(read)]
        if ended_here and not ended(read):
            at = request.received_at.timestamp() if request.received_at else time.time()
            brought.append(Changed(LEASE, Lease(parcel, int(at), round).id, topic="abort"))
        return brought

    def fetch(self, stream: str, external_id: str) -> Message:
        """`tracking`: the history by query. `lease`: the same, and the subscription that ended is renewed."""
        readers = {STREAM: self._tracking, LEASE: self._lease}
        if stream not in readers:
            raise Unsupported(f"Kuaidi100 has no stream {stream!r}")
        return readers[stream](external_id) or Message(stream, external_id, b"null", deleted=True)

    def do_add_tracking(self, operation: Operation) -> Reply:
        """Watch a parcel, unless its journey is over. A number that is watched already stays watched: once."""
        parcel, phone = self._asked(operation), operation.payload.get("phone")
        over = parcel.company != AUTO and ended(self._read(parcel, phone))
        if over:
            detail = f"{parcel.number} has arrived already; nothing to subscribe"
        elif self.client.subscribe(parcel, 1, phone):
            detail = f"{parcel.number} is subscribed"
        else:
            detail = f"{parcel.number} was subscribed already"
        fact = operation.facts[0] if operation.facts else None
        return Reply(
            objects={STREAM: parcel.id},
            made=(Made("shipments", f"{parcel.id}/told", fact),),
            read_back=(Changed(STREAM, parcel.id),),
            detail=detail,
        )

    # -- parts

    def _genuine(self, request: WebhookRequest) -> tuple[Parcel, int, Mapping[str, Any]]:
        """The signature is MD5 over the form's `param`, byte for byte, and the salt of the subscription it names."""
        if not (request.header("content-type") or "").lower().startswith("application/x-www-form-urlencoded"):
            raise Unsigned("Kuaidi100 pushes a form; this is none")
        whose = named(request.query)
        if whose is None:
            raise InvalidWebhook("the address names no parcel of ours; was the number subscribed by somebody else?")
        fields = _form(request.body)
        param, given = fields.get(b"param", b""), fields.get(b"sign", b"")
        if not given:
            raise Unsigned("the push has no `sign`; was the subscription made with a salt?")
        wanted = [sign_hash(param + salt(secret, *whose).encode()) for secret in self.client.secrets]
        if not sum(hmac.compare_digest(given, one) for one in wanted):
            raise InvalidWebhook("`sign` does not fit `param`: another push_secret, or something changed the push")
        body = decoded(PARAM, param, "JSON in `param`")
        if not isinstance(body, dict) or not isinstance(body.get("lastResult") or {}, dict):
            raise ValueError("`param` is signed, but no push of a parcel's history")
        return *whose, body

    def _asked(self, operation: Operation) -> Parcel:
        """The parcel that the operation names."""
        payload = operation.payload
        name = f"{payload.get('direction') or 'return'}:{payload.get('company') or AUTO}:{payload.get('number') or ''}"
        parcel = Parcel.read(name)
        if parcel is None:
            raise Rejected(f"{payload.get('number')!r} is no parcel number: Kuaidi100 takes 6 to 32 letters and digits")
        return parcel

    def _tracking(self, name: str) -> Message | None:
        parcel = Parcel.read(name)
        return message(self._read(parcel)) if parcel else None

    def _lease(self, name: str) -> Message | None:
        """What was missed is read first; then the parcel is subscribed again, if it is still on its way."""
        lease = Lease.read(name)
        if lease is None:
            return None
        early = lease.ended + PAUSE - time.time()
        if early > 0:
            raise NotYet(f"{lease.parcel.number} may be subscribed again in {early:.0f} s", after=early)
        read = self._read(lease.parcel)
        if not ended(read):
            if lease.round <= int(self.account.settings["renewals"]):
                self.client.subscribe(lease.parcel, lease.round + 1)
            else:
                read = record(lease.parcel, {**read, "status": "abort", "message": f"{lease.round} subscriptions"})
        return message(read)

    def _read(self, parcel: Parcel, phone: str | None = None) -> Record:
        """The parcel's record by query; without a carrier's code nothing can be asked, and it is empty."""
        answer = self.client.query(parcel, phone) if parcel.company != AUTO else {}
        return record(parcel, {"lastResult": answer} if answer else {})


def _form(body: bytes) -> dict[bytes, bytes]:
    """A form's fields, as the bytes that were encoded."""
    pairs = (pair.partition(b"=") for pair in body.split(b"&"))
    return {name: _decoded(value) for name, _, value in pairs}


def _decoded(value: bytes) -> bytes:
    """The bytes that a form's value encodes: quoted-printable is the same but for its sign, and is decoded in C."""
    if b"=" in value:
        value = value.replace(b"=", b"%3D")
    return a2b_qp(value.translate(QUOTED))
