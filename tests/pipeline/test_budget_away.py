"""The database away in the middle of a read: nothing is sent, and no record is taken for one that cannot be read."""

from __future__ import annotations

from typing import Any

import psycopg.errors
import pytest
from sqlalchemy.exc import OperationalError

from connectors.kit import alone, registry
from connectors.kit.attempt import Attempt
from connectors.kit.errors import OverBudget
from hub.boot import _budget
from hub.grants import StoredGrants


class Away:
    """A database that takes nobody in at the moment."""

    def __init__(self, trouble: psycopg.Error) -> None:
        self.trouble = trouble

    def begin(self) -> Any:
        raise OperationalError("BEGIN", {}, self.trouble)


def test_no_record_is_unreadable_because_of_it() -> None:
    entry = registry.load("medusa")
    take = _budget(Away(psycopg.errors.TooManyConnections()), "web", entry, "live", Attempt())  # type: ignore[arg-type]
    with pytest.raises(OverBudget, match="the hub's own database is away") as met:
        list(alone.each("order", [{"id": "1"}], lambda record: take(next(iter(entry.manifest.budgets)))))
    assert met.value.after == 1.0


def test_nor_where_its_grant_cannot_be_read() -> None:
    grants = StoredGrants(Away(psycopg.errors.AdminShutdown()), None, "web")  # type: ignore[arg-type]
    with pytest.raises(OverBudget, match="the hub's own database is away"):
        list(alone.each("order", [{"id": "1"}], lambda record: grants.read()))


def test_a_fault_of_ours_is_still_one() -> None:
    entry = registry.load("medusa")
    take = _budget(Away(psycopg.errors.UndefinedTable()), "web", entry, "live", Attempt())  # type: ignore[arg-type]
    with pytest.raises(OperationalError):
        take(next(iter(entry.manifest.budgets)))
