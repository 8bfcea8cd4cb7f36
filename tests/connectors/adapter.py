"""How the contract suite reaches a system: what a connector's tests say, and the suite's own tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from connectors.kit import registry
from connectors.kit.api import Connector, Login, Operation, Reply, WebhookRequest
from connectors.kit.errors import ConnectorError

STEPS = 12
ALL = {"method": ".*", "path": ".*", "times": 1_000}
"""Every request, for faults that shall hit all of them."""


class Adapter:
    """What a connector's tests have to say; the contract asks nothing else."""

    system: ClassVar[str]
    reads: ClassVar[Mapping[str, Any]] = {"method": "GET"}
    """Which requests only read, for faults that shall hit reads."""
    writes: ClassVar[Mapping[str, Any]] = {"method": "POST|PUT|PATCH|DELETE"}
    """Which requests write."""
    timeout: ClassVar[float] = 5.0
    refusal: ClassVar[Mapping[str, Any]] = {"message": "quantity is more than was ordered"}
    """A body of theirs that refuses, with a sentence."""
    business_errors: ClassVar[tuple[tuple[int, Any, type[ConnectorError]], ...]] = ()
    """(status, body, what it means): their business errors that come with 200 and with 500."""

    @pytest.fixture
    def remote(self) -> Iterator[Any]:
        raise NotImplementedError

    def settings(self, remote: Any) -> dict[str, Any]:
        raise NotImplementedError

    def known(self, remote: Any) -> tuple[str, str]:
        """A record that exists there: stream and id."""
        raise NotImplementedError

    def operation(self, remote: Any) -> Operation | None:
        """A write that can be carried out once; None for a system that is only read."""
        raise NotImplementedError

    def many(self, remote: Any) -> tuple[str, set[str]] | None:
        """A polled stream with more records than fit on one page, and their ids. None: its feed has no pages."""
        return None

    def webhook(self, remote: Any) -> WebhookRequest | None:
        """A genuine webhook about `known`; None for a system that sends none."""
        return None

    def event(self, remote: Any, topic: str) -> WebhookRequest:
        """A genuine webhook of this topic about a record that is there; asked only of a system that sends webhooks."""
        raise NotImplementedError

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        """The known record, with a word in it that no table of the mapping lists."""
        raise NotImplementedError

    # -- the suite's own tools

    @pytest.fixture
    def wire(self) -> list[dict[str, Any]]:
        return []

    @pytest.fixture
    def connector(self, remote: Any, wire: list[dict[str, Any]]) -> Iterator[Connector]:
        entry = registry.load(self.system)
        assert not entry.problem, entry.problem
        yield self.make(remote, wire)
        registry.close()

    def make(self, remote: Any, wire: list[dict[str, Any]], timeout: float | None = None) -> Connector:
        """A connector whose calls take no longer than `timeout`."""
        entry = registry.load(self.system)
        connector = entry.connect(Login("here", self.settings(remote)), wire=wire)
        connector.http.timeout = timeout or self.timeout
        return type(connector)(connector.account, connector.http)

    def carry_out(self, connector: Connector, operation: Operation) -> list[Reply]:
        """All steps of an operation."""
        replies: list[Reply] = []
        while not replies or not replies[-1].finished:
            assert len(replies) < STEPS, f"still not finished after {STEPS} steps: {replies[-1]}"
            progress = {**operation.progress, **(replies[-1].progress if replies else {})}
            replies.append(connector.perform(replace(operation, progress=progress)))
        return replies

    def writable(self, remote: Any) -> Operation:
        operation = self.operation(remote)
        if operation is None:
            pytest.skip("this system is only read")
        return operation

    def genuine(self, remote: Any) -> WebhookRequest:
        request = self.webhook(remote)
        if request is None:
            pytest.skip("this system sends no webhooks")
        return request
