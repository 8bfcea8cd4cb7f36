"""What every connector promises, as one suite. A connector's tests subclass it and say how to reach its system:

    class TestLoopline(ConnectorContract):
        system = "loopline"

        @pytest.fixture
        def remote(self):
            with LooplineSandbox() as sandbox:      # or Proxy(url) in front of a real server
                yield sandbox

        def settings(self, remote): return {"base_url": remote.url, "api_key": "simulated"}
        def known(self, remote): return "return", "ret_1"
        def operation(self, remote): return Operation(kind="receive", id="7", reference="R1001", objects={...})

Faults are told to `remote` (connectors/kit/faults.py), and it counts in `effects` what was really done.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.api import Changed, Connector, Health, Login, Message, Operation
from connectors.kit.errors import InvalidWebhook, OverBudget, RetryLater, Unauthorized, Unsupported
from hub.model.concerns import SILENT, Expected, Facts, concerns
from mappings.engine import Mapping as Dictionary
from mappings.engine import UnknownWord, read_json
from tests.connectors.adapter import ALL
from tests.connectors.contract_writes import Writes

MANY_CALLS = 400
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

proves = pytest.mark.proves


class ConnectorContract(Writes):
    """Subclass it, and say what Adapter asks for."""

    # -- what it can do

    @proves("check")
    def test_every_capability_is_there(self, connector: Connector, remote: Any) -> None:
        can = registry.load(self.system).capabilities
        for stream in can.polls:
            for page in connector.poll(stream, None):
                assert isinstance(page.cursor, str)
        if can.check:
            assert connector.check().ok, connector.check().problems
        assert can.webhook == (self.webhook(remote) is not None)
        assert (self.operation(remote) is not None) == bool(can.operations)

    @proves("check")
    def test_check_says_what_is_wrong_with_the_credentials(self, connector: Connector, remote: Any) -> None:
        if not registry.load(self.system).capabilities.check:
            pytest.skip("this connector has no check")
        remote.fault("answer", **ALL, status=401)
        try:
            health = connector.check()
        except Unauthorized as refused:
            health = Health(False, (str(refused),))
        assert not health.ok
        assert "".join(health.problems).strip()

    def test_an_unknown_stream_is_unsupported(self, connector: Connector) -> None:
        with pytest.raises(Unsupported):
            list(connector.poll("no_such_stream", None))
        with pytest.raises(Unsupported):
            connector.fetch("no_such_stream", "1")
        with pytest.raises(Unsupported):
            connector.perform(Operation(kind="no_such_operation", id="1", reference="R1"))

    def test_a_record_is_json_with_its_id(self, connector: Connector, remote: Any) -> None:
        stream, external_id = self.known(remote)
        message = connector.fetch(stream, external_id)
        assert (message.stream, message.external_id, message.deleted) == (stream, external_id, False)
        assert isinstance(read_json(message.body), dict)

    def test_its_mapping_understands_the_record(self, connector: Connector, remote: Any) -> None:
        from hub import schema

        schema.fragment(self.read(connector, remote, lambda record: record))

    @proves("errors: word")
    def test_an_unknown_word_stops_the_message_with_file_table_and_word(
        self, connector: Connector, remote: Any
    ) -> None:
        mapping = registry.load(self.system).mapping
        with pytest.raises(UnknownWord, match=f"{mapping.parent.name}/{mapping.name}"):
            self.read(connector, remote, self.unknown_word)

    def read(self, connector: Connector, remote: Any, change: Any) -> dict[str, Any]:
        stream, external_id = self.known(remote)
        record = change(read_json(connector.fetch(stream, external_id).body))
        dictionary = Dictionary.load(registry.load(self.system).mapping)
        return dictionary.read(stream, record, connector.account.settings, account="here")

    # -- reading

    def test_every_page_is_read(self, connector: Connector, remote: Any) -> None:
        some = self.many(remote)
        if some is None:
            pytest.skip("this system's feeds have no pages")
        stream, ids = some
        seen = [m.external_id for page in connector.poll(stream, None) for m in page.messages if m.stream == stream]
        assert ids <= set(seen)

    @proves("backfill")
    def test_a_backfill_that_stopped_goes_on_where_it_was(
        self, connector: Connector, remote: Any, wire: list[dict[str, Any]]
    ) -> None:
        """One page is kept, then the process dies; another one goes on from that page's cursor."""
        some = self.many(remote)
        if some is None:
            pytest.skip("this system's feeds have no pages")
        stream, ids = some
        pages = connector.poll(stream, self.beginning(connector, stream))
        first = next(iter(pages))
        kept = {message.external_id for message in first.messages}
        assert not ids <= kept, "one page held everything: nothing was interrupted"
        rest = self.make(remote, wire).poll(stream, first.cursor or None)
        assert ids <= kept | {message.external_id for page in rest for message in page.messages}

    def beginning(self, connector: Connector, stream: str) -> str | None:
        """Where a backfill begins: at a moment where the system can be asked so, else at its beginning."""
        try:
            return connector.begin(stream, LONG_AGO)
        except Unsupported:
            return None

    def test_the_cursor_goes_on_where_the_poll_ended(self, connector: Connector, remote: Any) -> None:
        for stream in registry.load(self.system).capabilities.polls:
            cursor = ""
            for page in connector.poll(stream, None):
                cursor = page.cursor
            for page in connector.poll(stream, cursor or None):
                assert page.cursor >= cursor or page.cursor.startswith("{")

    def test_a_list_whose_paging_leads_nowhere_ends(self, connector: Connector, remote: Any) -> None:
        some = self.many(remote)
        if some is None:
            pytest.skip("this system's feeds have no pages")
        remote.fault("stuck", **self.reads)
        before = len(remote.calls)
        with suppress(RetryLater):
            for _ in connector.poll(some[0], None):
                assert len(remote.calls) - before < MANY_CALLS, "it reads the same page for ever"
        assert len(remote.calls) - before < MANY_CALLS, "it read the same page very often"

    @proves("errors: gone")
    def test_a_record_that_is_gone_is_a_deleted_message(self, connector: Connector, remote: Any) -> None:
        stream, external_id = self.known(remote)
        gone = self.gone(external_id)
        assert connector.fetch(stream, gone).deleted

    def gone(self, external_id: str) -> str:
        """An id that looks like one of theirs and does not exist."""
        return "999999999" if external_id.isdigit() else external_id[:-4] + "GONE"

    @proves("errors: later")
    def test_a_read_survives_one_lost_connection(self, connector: Connector, remote: Any) -> None:
        remote.fault("drop", **self.reads)
        assert not connector.fetch(*self.known(remote)).deleted

    @proves("errors: later")
    def test_a_read_that_hangs_is_for_later(self, remote: Any, wire: list[dict[str, Any]]) -> None:
        known = self.known(remote)
        connector = self.make(remote, wire, timeout=0.4)
        remote.fault("hang", **{**ALL, "seconds": 5})
        with pytest.raises(RetryLater):
            connector.fetch(*known)
        registry.close()

    @proves("errors: later")
    def test_too_many_requests_are_for_later_and_say_when(self, connector: Connector, remote: Any) -> None:
        known = self.known(remote)
        remote.fault("answer", **ALL, status=429, headers={"Retry-After": "7"})
        before = len(remote.calls)
        with pytest.raises(RetryLater) as caught:
            connector.fetch(*known)
        assert caught.value.after == 7
        assert len(remote.calls) == before + 1

    @proves("re-authorisation")
    def test_refused_credentials_are_unauthorized(self, connector: Connector, remote: Any) -> None:
        known = self.known(remote)
        remote.fault("answer", **ALL, status=401)
        with pytest.raises(Unauthorized):
            connector.fetch(*known)

    @proves("budgets")
    def test_without_budget_nothing_is_sent(self, remote: Any) -> None:
        known = self.known(remote)
        login = Login("here", self.settings(remote))
        connector = registry.load(self.system).connect(login, budget=lambda bucket: 3.0)
        before = len(remote.calls)
        with pytest.raises(OverBudget) as caught:
            connector.fetch(*known)
        assert caught.value.after == 3
        assert len(remote.calls) == before
        registry.close()

    @proves("silence")
    def test_hearing_nothing_for_longer_than_is_normal_is_said(self) -> None:
        entry, now = registry.load(self.system), datetime.now(UTC)
        normal = timedelta(seconds=entry.manifest.max_silence)
        if not normal:
            pytest.skip("its manifest does not say how long is normal")
        for quiet, said in ((normal * 0.9, False), (normal * 1.1, True)):
            facts = Facts(
                name="here",
                state="healthy",
                now=now,
                created_at=LONG_AGO,
                last_success=now - quiet,
                last_heard=now - quiet,
            )
            polls = bool(entry.capabilities.polls)
            expected = Expected(max_silence=normal.total_seconds(), polls=polls, calls=polls)
            assert bool(SILENT.intersection(one.code for one in concerns(facts, expected))) == said

    # -- webhooks

    @proves("topics")
    def test_a_webhook_of_every_topic_is_understood(self, connector: Connector, remote: Any) -> None:
        able = registry.load(self.system).capabilities
        if not able.webhook:
            pytest.skip("this system sends no webhooks")
        assert able.topics
        for topic in able.topics:
            brought = connector.accept(self.event(remote, topic))
            assert brought, f"{topic} brought nothing"
            for item in brought:
                assert item.stream in (able.fetches if isinstance(item, Changed) else connector.manifest.streams), topic

    @proves("ordering")
    def test_what_is_brought_is_ordered_or_can_be_read_again(self, connector: Connector, remote: Any) -> None:
        request = self.webhook(remote)
        for item in connector.accept(request) if request is not None else [Changed(*self.known(remote))]:
            if isinstance(item, Message) and connector.manifest.streams[item.stream].version == "ordering":
                assert item.version, f"{item.stream} orders by its version, and this one has none"
            else:
                assert connector.fetch(item.stream, item.external_id).stream in connector.manifest.streams

    @proves("signature")
    def test_a_genuine_webhook_brings_the_record_or_a_hint_that_can_be_fetched(
        self, connector: Connector, remote: Any
    ) -> None:
        brought = connector.accept(self.genuine(remote))
        assert self.known(remote) in [(item.stream, item.external_id) for item in brought]
        for item in brought:
            if isinstance(item, Changed):
                assert isinstance(connector.fetch(item.stream, item.external_id), Message)

    @proves("signature")
    def test_a_changed_body_is_no_genuine_webhook(self, connector: Connector, remote: Any) -> None:
        request = self.genuine(remote)
        with pytest.raises(InvalidWebhook):
            connector.accept(replace(request, body=request.body + b" "))

    @proves("signature")
    def test_a_webhook_without_signature_is_none(self, connector: Connector, remote: Any) -> None:
        request = self.genuine(remote)
        with pytest.raises(InvalidWebhook):
            connector.accept(replace(request, headers={"Content-Type": "application/json"}))

    def test_no_secret_is_on_the_wire_log(self, connector: Connector, remote: Any, wire: list[dict[str, Any]]) -> None:
        connector.fetch(*self.known(remote))
        assert wire
        log = json.dumps(wire, ensure_ascii=False)
        settings = self.settings(remote)
        for name in registry.load(self.system).manifest.secrets:
            given = settings.get(name) or []
            for secret in [given] if isinstance(given, str) else given:
                assert secret not in log
