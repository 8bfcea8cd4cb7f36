"""For monitors: does it live, and the numbers worth an alert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Blueprint, Response, current_app

from hub.store import health
from hub.store.outage import away
from hub.web.counts import Counts
from hub.web.pages.base import as_json, database, hub, log

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def live() -> Response:
    """200 while the database answers."""
    try:
        with database() as conn:
            now = health.alive(conn)
    except Exception as error:
        if not away(error):
            log.exception("the database cannot be asked")
        return as_json({"status": "down", "database": "does not answer"}, 503)
    return as_json({"status": "ok", "database": "answers", "now": now})


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus' text format."""
    counts: Counts = current_app.extensions["hub_counts"]
    lines = [
        *_metric("hub_webhooks_total", "counter", "Webhooks by account and HTTP status, since the process began.",
                 (({"account": a, "status": str(s)}, n) for (a, s), n in sorted(counts.all().items()))),
    ]  # fmt: skip
    try:
        with database() as conn:
            view = health.overview(conn, hub().expected())
    except Exception as error:
        if not away(error):
            raise
        lines += _metric("hub_database_up", "gauge", "1 while the database answers.", [({}, 0)])
        return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")
    lines += [
        *_metric("hub_database_up", "gauge", "1 while the database answers.", [({}, 1)]),
        *_metric("hub_account_concern", "gauge", "1 for each thing that is not well with an account (silent_polled, "
                 "silent_pushed, never_worked, reads_fail, webhooks_refused, webhooks_some_refused, writes_stuck, "
                 "starving).",
                 (({"account": a.name, "concern": one.code}, 1) for a in view.accounts for one in a.said)),
        *_metric("hub_webhooks_refused", "gauge", "Webhooks of the account that were not taken, by HTTP status.",
                 (({"account": a.name, "status": str(s)}, n) for a in view.accounts for s, n in a.refused.items())),
        *_metric("hub_account_healthy", "gauge", "1 while the account is healthy.",
                 (({"account": a.name, "state": a.state}, int(a.state == "healthy")) for a in view.accounts)),
        *_metric("hub_lag_seconds", "gauge", "How long the oldest due work of the account has waited.",
                 (({"account": a.name}, a.lag) for a in view.accounts)),
        *_metric("hub_sync_rows", "gauge", "Returns by what the account still has to be told.",
                 (({"account": a.name, "state": s}, n) for a in view.accounts for s, n in sorted(a.sync.items()))),
        *_metric("hub_invalid_messages", "gauge", "Messages that the mapping does not understand.",
                 (({"account": a.name}, a.invalid) for a in view.accounts)),
        *_metric("hub_dead_letters", "gauge", "Writes that cannot be delivered or whose outcome is unknown.",
                 (({"account": a.name}, a.dead) for a in view.accounts)),
        *_metric("hub_reviews_open", "gauge", "Questions that wait for a person.", [({}, view.reviews)]),
    ]  # fmt: skip
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")


def _metric(name: str, kind: str, text: str, values: Iterable[tuple[Mapping[str, str], float]]) -> Iterable[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values:
        named = ",".join(f'{label}="{_escaped(word)}"' for label, word in labels.items())
        yield f"{name}{{{named}}} {value}" if named else f"{name} {value}"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
