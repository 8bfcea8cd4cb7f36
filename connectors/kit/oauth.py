"""OAuth 2: client credentials and refresh tokens, refreshed once for all threads and processes.

A refresh token that rotates is spent by its first use, so two refreshes at once revoke a healthy grant. Whoever wants
to refresh therefore claims the stored grant by compare-and-swap; the others take what the winner stored. A grant is
never thrown away: after a time-out nobody knows whether the old token was spent, so it is kept and tried again; after
`invalid_grant` the store is read once more, and only an unchanged grant needs a person. What was got while the store
was away is owed to it: used meanwhile, and stored within a second of its return; the token it cost is not sent again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from connectors.kit.answers import impossible
from connectors.kit.auth import Auth, Basic
from connectors.kit.errors import ConnectorError, OutcomeUnknown, OverBudget, Rejected, RetryLater, Unauthorized
from connectors.kit.http import Http
from connectors.kit.masking import Mask

EARLY = 60.0
"""Seconds before a token runs out at which a fresh one is fetched."""
CLAIM = 45.0
"""Seconds for which a claim to refresh holds: longer than a token request may take, so only a crash outlasts it."""
PATIENCE = 2.0
"""Seconds to wait for another worker's token; after that the job waits, not the worker."""
LOOK = 3.0
"""Seconds after which the job may look again."""
AGAIN = 1.0
"""Seconds after which what could not be stored is tried again."""
REFUSED = ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type")


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted. `expires_at` and `claimed_until` are Unix times; `version` grows with each change."""

    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    claimed_until: float = 0.0
    version: int = 0

    def fresh(self, now: float) -> bool:
        return bool(self.access_token) and now < self.expires_at - EARLY


class Grants(Protocol):
    """Where an account's grant is kept, for all processes. Raises OverBudget while it cannot be asked."""

    def read(self) -> Grant | None:
        """The grant as it stands now."""

    def swap(self, old: Grant | None, new: Grant) -> bool:
        """Store `new` if the stored grant still is `old`; False when somebody was faster."""


class MemoryGrants:
    """Keeps a grant in this process only."""

    def __init__(self, grant: Grant | None = None) -> None:
        self._grant = grant
        self._lock = threading.Lock()

    def read(self) -> Grant | None:
        return self._grant

    def swap(self, old: Grant | None, new: Grant) -> bool:
        with self._lock:
            if self._grant != old:
                return False
            self._grant = new
            return True


class OAuth(Auth):
    """Bearer tokens of a token endpoint. `http` has the endpoint as its base and no credentials of its own.

    Without a refresh token the client's own credentials are the grant, unless `refreshing`: then a person has to grant
    one first. Another `header` carries the token bare.
    """

    def __init__(
        self,
        http: Http,
        client_id: str,
        client_secret: str,
        *,
        grants: Grants | None = None,
        scope: str = "",
        client: str = "body",
        refreshing: bool = False,
        header: str = "Authorization",
    ) -> None:
        self._http = http
        self._client = (client_id, client_secret)
        self._in_body = client == "body"
        self._scope = scope
        self._refreshing = refreshing
        self._header, self._prefix = header, "Bearer " if header == "Authorization" else ""
        self._grants: Grants = grants or MemoryGrants()
        self._lock = threading.Lock()
        self._held: Grant | None = None
        self._owed: tuple[Grant, Grant] | None = None
        """What was got and is not stored yet, behind the grant that was spent for it."""

    def headers(self) -> Mapping[str, str]:
        held = self._held
        if held is None or not held.fresh(time.time()):
            with self._lock:
                held = self._fresh(refused="")
        return {self._header: f"{self._prefix}{held.access_token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """A token was refused before its time: get another, unless somebody has already."""
        with self._lock:
            token = refused.get(self._header, "").removeprefix(self._prefix)
            return self._fresh(refused=token).access_token != token

    def _fresh(self, refused: str) -> Grant:
        """A grant whose token has time left and is not the refused one. Called under the lock."""
        self._pay()
        deadline = time.monotonic() + PATIENCE
        while True:
            stored, now = self._grants.read(), time.time()
            if stored is not None and stored.fresh(now) and stored.access_token != refused:
                self._held = stored
                return stored
            if self._refreshing and (stored is None or not stored.refresh_token):
                raise Unauthorized(f"{self._http.name}: no grant yet; connect the account first")
            if stored is None or stored.claimed_until <= now:
                mine = replace(stored or Grant(), claimed_until=now + CLAIM, version=(stored or Grant()).version + 1)
                if self._grants.swap(stored, mine):
                    return self._claimed(mine)
            elif time.monotonic() >= deadline:
                raise RetryLater(f"{self._http.name}: another worker is renewing the token", after=LOOK)
            else:
                time.sleep(0.1)

    def _claimed(self, mine: Grant) -> Grant:
        """Refresh as the only one. Whatever goes wrong, the grant itself stays, and the claim is given back."""
        try:
            got = self._ask(mine)
        except BaseException as error:
            Mask((*self._client, mine.access_token, mine.refresh_token)).error(error)
            given_back = self._grants.swap(mine, replace(mine, claimed_until=0.0, version=mine.version + 1))
            stored = None if given_back else self._grants.read()
            if isinstance(error, Unauthorized) and stored is not None and stored.fresh(time.time()):
                self._held = stored  # ours was spent by somebody who got a new one
                return stored
            if isinstance(error, OutcomeUnknown):
                raise RetryLater(f"{error} (the token request; the old grant is kept)", after=LOOK) from error
            raise
        self._held, self._owed = got, (mine, got)
        try:
            self._pay()
        except OverBudget:
            self._pay_later()
        return self._held

    def _pay(self) -> None:
        """Store what is owed wherever the tokens still stand that were spent for it. Called under the lock."""
        while self._owed is not None:
            spent, got = self._owed
            stored = self._grants.read()
            if stored is None or (stored.access_token, stored.refresh_token) != (
                spent.access_token,
                spent.refresh_token,
            ):
                self._owed = None  # our claim ran out, or a person connected anew: what is stored counts
                self._held = stored if stored is not None and stored.fresh(time.time()) else got
            elif self._grants.swap(stored, replace(got, version=stored.version + 1)):
                self._owed = None

    def _pay_later(self) -> None:
        def again() -> None:
            with self._lock:
                try:
                    self._pay()
                except OverBudget:
                    self._pay_later()

        timer = threading.Timer(AGAIN, again)
        timer.daemon = True
        timer.start()

    def _ask(self, mine: Grant) -> Grant:
        refreshing = self._refreshing or bool(mine.refresh_token)
        form: dict[str, Any] = {"grant_type": "refresh_token" if refreshing else "client_credentials"}
        if refreshing:
            form["refresh_token"] = mine.refresh_token
        if self._scope:
            form["scope"] = self._scope
        headers: Mapping[str, str] = {}
        if self._in_body:
            form["client_id"], form["client_secret"] = self._client
        else:
            headers = Basic(*self._client).headers()
        asked = time.time()
        answer = self._http.post("", data=form, headers=headers, read=not refreshing, classify=refused_grant).json()
        if not has_token(answer):
            raise RetryLater(f"{self._http.name}: the token endpoint answered without an access_token")
        return Grant(
            access_token=str(answer["access_token"]),
            refresh_token=str(answer.get("refresh_token") or mine.refresh_token),
            expires_at=asked + float(answer.get("expires_in") or 3600),
            version=mine.version + 1,
        )


def has_token(answer: Any) -> bool:
    """Whether a token endpoint's answer holds a token, and nothing that JSON cannot hold."""
    return isinstance(answer, dict) and bool(answer.get("access_token")) and not any(impossible(answer))


def refused_grant(response: Any) -> ConnectorError | None:
    """A token endpoint's 400 and 401: our credentials or grant are refused, a person is needed."""
    if response.status not in (400, 401, 403):
        return None
    said = response.peek()
    code = str(said.get("error", "")) if isinstance(said, dict) else ""
    text = f"{response.system}: the token endpoint refused: {code or response.status} {response.message()}"
    if code in REFUSED or response.status != 400:
        return Unauthorized(f"{text} (connect the account anew)", code=code)
    return Rejected(text, code=code)
