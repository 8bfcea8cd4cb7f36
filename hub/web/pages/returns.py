"""Returns: the list with its search, and one return as all systems together tell it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from hub.store import console
from hub.web import paging
from hub.web.pages.base import database, number

blueprint = Blueprint("returns", __name__)
blueprint.add_app_template_filter(lambda fact: happened(fact), "happened")

FACTS = ("receipts", "inspections", "dispositions", "shipments", "refunds", "credits", "replacements", "notes")


@blueprint.get("/returns")
def listing() -> str:
    asked = {name: request.args.get(name, "").strip()[:200] for name in ("q", "status", "discrepant", "unbound")}
    after = paging.read(request.args.get("after"), datetime, int)
    with database() as conn:
        found = console.search(
            conn,
            asked["q"],
            asked["status"],
            discrepant=bool(asked["discrepant"]),
            unbound=bool(asked["unbound"]),
            after=after,
        )
        statuses = console.statuses(conn)
    return render_template(
        "returns.html", found=found, statuses=statuses, asked=asked, after=after, next=paging.write(found.after)
    )


@blueprint.get("/returns/<name>")
def one(name: str) -> str:
    return_id = number(name)
    with database() as conn:
        found = console.find(conn, [return_id]).get(return_id)
        if found is None:
            abort(404, _("There is no return R%(id)s. Search for its order number instead.", id=return_id))
        return render_template(
            "return.html",
            found=found,
            doc=found.doc,
            lines={line.key: line for line in found.doc.lines},
            facts=facts(found.doc),
            telling=console.telling(conn, return_id),
            cannot=console.cannot,
            writes=console.writes(conn, return_id),
            story=console.story(conn, return_id),
            questions=console.reviews_of(conn, return_id),
            calls=console.calls(conn, return_id=return_id, limit=15),
        )


def facts(doc: Any) -> list[Any]:
    """Every event of a return in the order in which it happened; those without a time come last."""
    everything = [fact for kind in FACTS for fact in getattr(doc, kind)]
    return sorted(everything, key=lambda fact: (happened(fact) is None, happened(fact) or 0, fact.kind, fact.id))


def happened(fact: Any) -> datetime | None:
    """When: on the fact itself, or in its speaker's version of it."""
    at = getattr(fact, "at", None) or getattr(getattr(fact, "value", None), "at", None)
    return at if isinstance(at, datetime) else None
