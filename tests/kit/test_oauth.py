"""Tokens are refreshed once for everybody, and a grant is never lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.kit.answers import Response
from connectors.kit.auth import Basic, Bearer, Header
from connectors.kit.errors import OverBudget, Rejected, RetryLater, Unauthorized
from connectors.kit.http import Http
from connectors.kit.oauth import Grant, MemoryGrants, OAuth, has_token
from connectors.kit.sandbox import Call, Refuse, Sandbox, SandboxAnswer, route
from connectors.kit.sessions import make_auth


class Login(Sandbox):
    """A token endpoint whose refresh tokens rotate (a second use revokes everything), and an API behind it."""

    name = "login"

    def setup(self) -> None:
        self.state: dict[str, Any] = {"n": 0, "refresh": "r0", "access": "a0"}
        self.slow = 0.0

    @route("POST", "/token")
    def token(self, call: Call) -> Any:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if (
            form.get("client_secret") != "cs"
            and call.headers.get("authorization") != Basic("ci", "cs").headers()["Authorization"]
        ):
            raise Refuse(401, {"error": "invalid_client"})
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.state["refresh"]:
            self.effect("revoked")
            raise Refuse(400, {"error": "invalid_grant"})
        time.sleep(self.slow)
        self.state["n"] += 1
        n = self.state["n"]
        self.state.update(refresh=f"r{n}", access=f"a{n}")
        self.effect("granted", grant_type=form["grant_type"])
        refresh = {"refresh_token": f"r{n}"} if form["grant_type"] == "refresh_token" else {}
        return {"access_token": f"a{n}", "expires_in": 3600, **refresh}

    @route("GET", "/me")
    def me(self, call: Call) -> Any:
        if call.headers.get("authorization") != f"Bearer {self.state['access']}":
            return SandboxAnswer(401, {"message": "token expired"})
        return {"me": "ok"}

    @route("GET", "/forbidden")
    def forbidden(self, call: Call) -> Any:
        return SandboxAnswer(403, {"message": "scope missing"})


@pytest.fixture
def login() -> Iterator[Login]:
    with Login() as sandbox:
        yield sandbox


def oauth(login: Login, grants: MemoryGrants | None = None, **options: Any) -> OAuth:
    return OAuth(Http(f"{login.url}/token", name="Login", timeout=2), "ci", "cs", grants=grants, **options)


def api(login: Login, auth: OAuth) -> Http:
    return Http(login.url, auth, name="Api")


@pytest.mark.parametrize("client", ["body", "basic"])
def test_client_credentials(login: Login, client: str) -> None:
    http = api(login, oauth(login, client=client))
    assert [http.get("/me").json() for _ in range(3)] == [{"me": "ok"}] * 3
    assert len(login.effects) == 1


def test_a_token_in_a_header_of_its_own_is_bare_and_is_renewed_all_the_same(login: Login) -> None:
    auth = oauth(login, header="X-Access-Token")
    assert auth.headers() == {"X-Access-Token": "a1"}
    assert auth.renew({"X-Access-Token": "a1"})
    assert auth.headers() == {"X-Access-Token": "a2"}


def test_a_token_given_by_hand_spares_the_token_endpoint(login: Login) -> None:
    section = {"kind": "client_credentials", "token_url": f"{login.url}/token", "token": "$token"}
    section |= {"client_id": "$client_id", "client_secret": "$client_secret", "header": "X-Access-Token"}
    assert make_auth(section, {"token": "by-hand"}, "Api").headers() == {"X-Access-Token": "by-hand"}
    made = make_auth(section, {"client_id": "ci", "client_secret": "cs"}, "Api")
    assert made.headers() == {"X-Access-Token": "a1"}
    plain = {name: value for name, value in section.items() if name != "header"}
    assert make_auth(plain, {"token": "by-hand"}, "Api").headers() == {"Authorization": "Bearer by-hand"}
    with pytest.raises(Rejected, match="client_id"):
        make_auth(section, {}, "Api")


def test_many_threads_and_processes_refresh_once(login: Login) -> None:
    """Each OAuth stands for one process; they share the store only."""
    login.slow = 0.2
    grants = MemoryGrants(Grant("old", "r0", time.time() - 1))
    workers = [api(login, oauth(login, grants, refreshing=True)) for _ in range(3)]
    got: list[Any] = []
    threads = [threading.Thread(target=lambda w=w: got.append(w.get("/me").json())) for w in workers for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [{"me": "ok"}] * 12
    assert [effect["kind"] for effect in login.effects] == ["granted"]


def test_a_token_refused_before_its_time_is_renewed_once(login: Login) -> None:
    grants = MemoryGrants(Grant("stale", "r0", time.time() + 3000))
    http = api(login, oauth(login, grants, refreshing=True))
    assert http.get("/me").json() == {"me": "ok"}
    assert len(login.effects) == 1
    login.state["access"] = "somebody else's"
    with pytest.raises(Unauthorized):
        http.get("/me", headers={"X": "1"}) if http.get("/forbidden") else None
    assert len(login.effects) == 1, "a missing right (403) is not cured by a new token"


def test_a_time_out_keeps_the_grant_and_is_for_later(login: Login) -> None:
    before = Grant("old", "r0", time.time() - 1)
    grants = MemoryGrants(before)
    http = api(login, oauth(login, grants, refreshing=True))
    login.fault("hang", path="/token", seconds=10)
    http.auth._http.timeout = 0.3  # type: ignore[attr-defined]
    with pytest.raises(RetryLater, match="grant is kept"):
        http.get("/me")
    after = grants.read()
    assert after is not None
    assert (after.refresh_token, after.claimed_until) == ("r0", 0)
    assert http.get("/me").json() == {"me": "ok"}


def test_invalid_grant_needs_a_person_and_destroys_nothing(login: Login) -> None:
    grants = MemoryGrants(Grant("old", "spent", time.time() - 1))
    http = api(login, oauth(login, grants, refreshing=True))
    with pytest.raises(Unauthorized, match="invalid_grant"):
        http.get("/me")
    after = grants.read()
    assert after is not None
    assert after.refresh_token == "spent"


def test_invalid_grant_is_no_matter_when_somebody_else_has_connected_anew(login: Login) -> None:
    class Slow(MemoryGrants):
        """While we ask with the spent token, a person connects the account anew."""

        def swap(self, old: Grant | None, new: Grant) -> bool:
            done = super().swap(old, new)
            if done and new.claimed_until:
                fresh = replace(new, access_token="a0", refresh_token="r0", expires_at=time.time() + 3000, version=99)
                super().swap(new, fresh)
            return done

    http = api(login, oauth(login, Slow(Grant("old", "spent", time.time() - 1)), refreshing=True))
    assert http.get("/me").json() == {"me": "ok"}


class Away(MemoryGrants):
    """A store that goes away once a claim stands in it; somebody may have changed the grant when it is back."""

    away = False

    def read(self) -> Grant | None:
        if self.away:
            raise OverBudget("the store is away", after=1.0)
        return super().read()

    def swap(self, old: Grant | None, new: Grant) -> bool:
        if self.away:
            raise OverBudget("the store is away", after=1.0)
        done = super().swap(old, new)
        self.away = done and bool(new.claimed_until)
        return done

    def back(self, changed: Grant | None = None) -> None:
        self._grant = changed or self._grant
        self.away = False


def stored(grants: MemoryGrants, refresh_token: str) -> bool:
    """Whether it is within some seconds."""
    until = time.monotonic() + 10
    while (grants._grant or Grant()).refresh_token != refresh_token and time.monotonic() < until:
        time.sleep(0.02)
    return (grants._grant or Grant()).refresh_token == refresh_token


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kit.oauth.AGAIN", 0.05)


@pytest.mark.usefixtures("soon")
def test_a_token_got_while_the_store_is_away_is_used_and_stored_when_it_is_back(login: Login) -> None:
    grants = Away(Grant("old", "r0", time.time() - 1))
    mine, other = (api(login, oauth(login, grants, refreshing=True)) for _ in range(2))
    assert [mine.get("/me").json() for _ in range(2)] == [{"me": "ok"}] * 2
    time.sleep(0.2)
    assert grants._grant is not None
    assert grants._grant.refresh_token == "r0"
    grants.back()
    assert stored(grants, "r1")
    assert [http.get("/me").json() for http in (mine, other)] == [{"me": "ok"}] * 2
    assert [effect["kind"] for effect in login.effects] == ["granted"], "the spent token was sent once"


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("by_a_person", [False, True])
def test_what_is_owed_replaces_only_the_token_that_it_cost(login: Login, by_a_person: bool) -> None:
    """While the store was away, another worker claimed the spent token, or a person connected the account anew."""
    grants = Away(Grant("old", "r0", time.time() - 1))
    mine = api(login, oauth(login, grants, refreshing=True))
    assert mine.get("/me").json() == {"me": "ok"}
    claimed = Grant("old", "r0", time.time() - 1, claimed_until=time.time() + 60, version=7)
    anew = Grant("a1", "by-hand", time.time() + 3000, version=7)
    grants.back(anew if by_a_person else claimed)
    assert stored(grants, "by-hand" if by_a_person else "r1")
    time.sleep(0.2)
    kept = grants.read()
    assert kept is not None
    assert (kept.refresh_token, kept.version) == (("by-hand", 7) if by_a_person else ("r1", 8))
    assert mine.get("/me").json() == {"me": "ok"}


@pytest.mark.usefixtures("soon")
def test_what_is_owed_and_refused_waits_for_the_store_instead_of_sending_the_spent_token(login: Login) -> None:
    grants = Away(Grant("old", "r0", time.time() - 1))
    mine = api(login, oauth(login, grants, refreshing=True))
    assert mine.get("/me").json() == {"me": "ok"}
    login.state["access"] = "somebody else's"
    with pytest.raises(OverBudget):
        mine.get("/me")
    grants.back()
    assert stored(grants, "r1")
    grants.away = False
    assert [effect["kind"] for effect in login.effects] == ["granted"]


def test_nothing_is_spent_while_the_store_is_away(login: Login) -> None:
    grants = Away(Grant("old", "r0", time.time() - 1))
    grants.away = True
    with pytest.raises(OverBudget):
        api(login, oauth(login, grants, refreshing=True)).get("/me")
    assert login.effects == []


def test_a_claim_of_a_dead_worker_runs_out(login: Login) -> None:
    dead = Grant("old", "r0", time.time() - 1, claimed_until=time.time() + 0.4)
    assert api(login, oauth(login, MemoryGrants(dead), refreshing=True)).get("/me").json() == {"me": "ok"}
    alive = Grant("old", "r1", time.time() - 1, claimed_until=time.time() + 60)
    with pytest.raises(RetryLater, match="another worker"):
        api(login, oauth(login, MemoryGrants(alive), refreshing=True)).get("/me")


def test_without_a_grant_a_person_has_to_connect(login: Login) -> None:
    with pytest.raises(Unauthorized, match="connect the account"):
        api(login, oauth(login, refreshing=True)).get("/me")


def test_wrong_client_credentials_are_unauthorized(login: Login) -> None:
    auth = OAuth(Http(f"{login.url}/token"), "ci", "wrong")
    with pytest.raises(Unauthorized, match="invalid_client"):
        api(login, auth).get("/me")


def test_the_simple_ones() -> None:
    assert Header("X-Api-Key", "k").headers() == {"X-Api-Key": "k"}
    assert Bearer("t").headers() == {"Authorization": "Bearer t"}
    assert Basic("ü", "p:w").headers() == {"Authorization": "Basic w7w6cDp3"}


def test_tokens_are_not_shown() -> None:
    assert "a0" not in repr(Grant("a0", "r0"))


@pytest.mark.parametrize(
    "answer",
    [
        b'{"access_token": "a\\ud83d", "expires_in": 3600}',
        b'{"access_token": "a1", "expires_in": 1e99999999999999999999}',
        b'{"expires_in": 3600}',
        b"[]",
    ],
)
def test_what_json_cannot_hold_is_no_token(answer: bytes) -> None:
    said = Response(200, {}, answer)
    assert not has_token(said.json())
    assert has_token(Response(200, {}, b'{"access_token": "a1"}').json())
