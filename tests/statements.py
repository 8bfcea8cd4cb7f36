"""What databases are asked, statement by statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.store.connection import Connection, Result


def before_each(do: Callable[[str], None], patches: pytest.MonkeyPatch) -> None:
    """From here on `do` is called with every statement before it is sent."""
    send = Connection.exec_driver_sql

    def counted(conn: Connection, statement: str, parameters: Any = None) -> Result:
        do(statement)
        return send(conn, statement, parameters)

    patches.setattr(Connection, "exec_driver_sql", counted)


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked meanwhile."""
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patches:
        before_each(asked.append, patches)
        yield asked
