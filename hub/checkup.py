"""Is an account ready? What its connector's check says, whether the clocks agree, and whether webhooks can arrive."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.kit import registry
from connectors.kit.answers import Response
from connectors.kit.api import Connector, Health
from connectors.kit.errors import ConnectorError
from connectors.kit.http import Http
from connectors.kit.manifest_parts import Webhook
from connectors.kit.registry import Entry
from connectors.kit.signing import TOLERANCE
from connectors.kit.templates import fill
from hub.accounts import Account, expected
from hub.boot import Hub
from hub.model.concerns import GRAVE
from hub.model.language.sentences import say
from hub.store import accounts as account_store
from hub.store import health

SKEW = 60.0
"""Seconds between their clock and ours that are worth a word."""
PATIENCE = 5.0
"""Seconds for asking our own public address."""
TIMED = ("standard", "timestamped")
"""Signatures that cover a time, which is compared with ours."""


def check(hub: Hub, name: str) -> Health:
    """Ask the system, and our own public address. Problems are sentences that say what to do; none holds a secret."""
    account = hub.accounts.get(name)
    wire: list[dict[str, Any]] = []
    connector = account.connect(wire)
    try:
        own = connector.check()
    except ConnectorError as problem:
        own = Health(ok=False, problems=(str(problem),))
    except (LookupError, TypeError, ValueError, AttributeError) as problem:  # an answer without what a connector reads
        why = f"{type(problem).__name__}: {problem}"
        text = (
            f"{account.entry.manifest.label} answered with something else than expected ({why}): is the address right?"
        )
        own = Health(ok=False, problems=(text,))
    if own.ok:
        hub.database.run(lambda conn: account_store.answered(conn, name))
    parts = (
        own,
        clocks(account.entry, wire),
        webhooks(account.entry, connector, hub.settings.public_url),
        concerned(hub, name),
        pace(account),
    )
    clean = account.mask.text
    return Health(
        ok=all(part.ok for part in parts),
        problems=tuple(clean(problem) for part in parts for problem in part.problems),
        facts={fact: clean(value) for part in parts for fact, value in part.facts.items()},
    )


def pace(account: Account) -> Health:
    """How fast it is called at most, and who says so."""
    facts = {}
    for name, budget in account.entry.manifest.budgets.items():
        own = registry.load(account.entry.name).manifest.budgets.get(name)
        whose = "its manifest says" if budget == own else "its terms say"
        facts[f"budget {name}"] = f"{budget.rate:g} calls a second, {budget.burst} at once, as {whose}"
    return Health(ok=True, facts=facts)


def concerned(hub: Hub, name: str) -> Health:
    """What is known of it beyond this moment: silent, refused, never successful."""
    with hub.database.begin() as conn:
        worries = health.worried(conn, health.alive(conn), expected(hub.accounts.all())).get(name, ())
    grave = any(one.code in GRAVE for one in worries)
    return Health(ok=not grave, problems=tuple(say(one) for one in worries))


def clocks(entry: Entry, wire: Sequence[Mapping[str, Any]]) -> Health:
    """Whether their clock, as the last answer told it, agrees with ours."""
    ahead = next((found for one in reversed(wire) if (found := _ahead(one)) is not None), None)
    if ahead is None:
        return Health(ok=True)
    facts = {"clock": f"theirs is {ahead:+.0f} s from ours"}
    signature = entry.manifest.webhook.signature if entry.manifest.webhook else {}
    tolerance = signature.get("tolerance", TOLERANCE) if signature.get("scheme") in TIMED else None
    if abs(ahead) <= min(SKEW, tolerance or SKEW):
        return Health(ok=True, facts=facts)
    why = f"; webhooks whose time is more than {tolerance:.0f} s away are refused" if tolerance else ""
    problem = (
        f"the clock of {entry.manifest.label} is {ahead:+.0f} s from this hub's: let NTP set this machine's clock"
        f" (`timedatectl set-ntp true`), and theirs if it is yours{why}"
    )
    return Health(ok=False, problems=(problem,), facts=facts)


def _ahead(exchange: Mapping[str, Any]) -> float | None:
    headers = {name.lower(): value for name, value in exchange.get("response", {}).get("headers", {}).items()}
    if "date" not in headers or "age" in headers:  # a cache's answer tells an old time
        return None
    try:
        return (parsedate_to_datetime(headers["date"]) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None


def webhooks(entry: Entry, connector: Connector, public_url: str) -> Health:
    """Which address is to be entered over there, and whether it leads here."""
    hook: Webhook | None = entry.manifest.webhook
    if hook is None or not entry.capabilities.webhook:
        return Health(ok=True)
    settings, name, label = connector.account.settings, connector.account.name, str(entry.manifest.label)
    secret = hook.signature.get("secret")
    if secret and not fill(secret, settings):
        return Health(ok=True, facts={"webhooks": f"refused while {secret.removeprefix('$')} is empty; the hub polls"})
    entered = fill(hook.address, settings) if hook.address else None
    address = entered or (f"{public_url}/hooks/{name}" if public_url else "")
    setting = hook.address.removeprefix("$")
    if not address and "url" in hook.signature:
        problem = (
            f"{label} signs the address it calls, and behind a proxy the hub sees another one, so webhooks would be"
            f" refused: set {setting}, or HUB_PUBLIC_URL"
        )
        return Health(ok=False, problems=(problem,))
    if not address:
        unknown = f"enter https://<this hub>/hooks/{name} at {label}; with HUB_PUBLIC_URL set, this is looked at, too"
        return Health(ok=True, facts={"webhooks": unknown})
    where = setting if entered else "HUB_PUBLIC_URL"
    theirs = urlsplit(getattr(connector.http, "base_url", "")).hostname
    wrong = unreachable(address, label, where, near=_loopback(theirs))
    facts = {"webhooks": f"{address} is to be entered at {label}"}
    return Health(ok=not wrong, problems=(wrong,) if wrong else (), facts=facts)


def unreachable(address: str, label: str, where: str, *, near: bool) -> str:
    """Why webhooks to this address would not arrive, as a sentence; nothing where they would.

    `where` is the setting it comes from, `near` whether the other system runs on this machine, too. A bare GET is sent.
    """
    if _loopback(urlsplit(address).hostname) and not near:
        return (
            f"webhooks cannot arrive: {address} is this machine's own, and {label} is elsewhere. Let a reverse proxy"
            f" forward /hooks/ to the hub, and set {where} to its address"
        )
    asking = Http(address, name="our own address", timeout=PATIENCE)
    try:
        answer = asking.get("", ok=range(100, 600))
    except ConnectorError as problem:
        return (
            f"webhooks cannot arrive: nobody answers at {address} ({problem}). Start `hub serve`, let the proxy forward"
            f" /hooks/ to it, and make sure that {where} is right"
        )
    finally:
        asking.close()
    return "" if _ours(answer) else f"webhooks cannot arrive: {address} {_instead(answer, where)}"


def _ours(answer: Response) -> bool:
    """Our address takes POST only, and says so in a letter."""
    said = answer.peek()
    return answer.status == 405 and isinstance(said, dict) and "what_now" in said


def _instead(answer: Response, where: str) -> str:
    """What somebody else's answer means, and what to do."""
    if 300 <= answer.status < 400:
        target = answer.headers.get("Location", "another place")
        return f"points to {target}, and webhooks follow no redirect: set {where} to the address that answers itself"
    if answer.status in (401, 403):
        return f"asks for a login ({answer.status}): let the proxy forward /hooks/ without one, webhooks are signed"
    if answer.status >= 500:
        return f"answers {answer.status}: is `hub serve` running behind the proxy?"
    return f"answers {answer.status}, but not as this hub: let the proxy forward /hooks/ to it, or correct {where}"


def _loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
