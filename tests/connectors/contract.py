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
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.answers import words_of
from connectors.kit.api import Connector, Hint, Message, Operation
from connectors.kit.errors import (
    InvalidWebhook,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Unauthorized,
    Unsupported,
)
from mappings.engine import Mapping as Dictionary
from mappings.engine import UnknownWord, read_json
from tests.connectors.adapter import Adapter

MANY_CALLS = 400
ALL = {"method": ".*", "path": ".*", "times": 1_000}


class ConnectorContract(Adapter):
    """Subclass it, and say what Adapter asks for."""

    # -- what it can do

    def test_every_capability_is_there(self, connector: Connector, remote: Any) -> None:
        can = registry.load(self.system).capabilities
        for stream in can.polls:
            for page in connector.poll(stream, None):
                assert isinstance(page.cursor, str)
        if can.check:
            assert connector.check().ok, connector.check().problems
        assert can.webhook == (self.webhook(remote) is not None)
        assert (self.operation(remote) is not None) == bool(can.operations)

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
        told = self.many(remote)
        if told is None:
            pytest.skip("this system's feeds have no pages")
        stream, ids = told
        seen = [m.external_id for page in connector.poll(stream, None) for m in page.messages if m.stream == stream]
        assert ids <= set(seen)

    def test_the_cursor_goes_on_where_the_poll_ended(self, connector: Connector, remote: Any) -> None:
        for stream in registry.load(self.system).capabilities.polls:
            cursor = ""
            for page in connector.poll(stream, None):
                cursor = page.cursor
            for page in connector.poll(stream, cursor or None):
                assert page.cursor >= cursor or page.cursor.startswith("{")

    def test_a_list_whose_paging_leads_nowhere_ends(self, connector: Connector, remote: Any) -> None:
        told = self.many(remote)
        if told is None:
            pytest.skip("this system's feeds have no pages")
        remote.fault("stuck", **self.reads)
        before = len(remote.calls)
        with suppress(RetryLater):
            for _ in connector.poll(told[0], None):
                assert len(remote.calls) - before < MANY_CALLS, "it reads the same page for ever"
        assert len(remote.calls) - before < MANY_CALLS, "it read the same page very often"

    def test_a_record_that_is_gone_is_a_deleted_message(self, connector: Connector, remote: Any) -> None:
        stream, external_id = self.known(remote)
        gone = self.gone(external_id)
        assert connector.fetch(stream, gone).deleted

    def gone(self, external_id: str) -> str:
        """An id that looks like one of theirs and does not exist."""
        return "999999999" if external_id.isdigit() else external_id[:-4] + "GONE"

    def test_a_read_survives_one_lost_connection(self, connector: Connector, remote: Any) -> None:
        remote.fault("drop", **self.reads)
        assert not connector.fetch(*self.known(remote)).deleted

    def test_a_read_that_hangs_is_for_later(self, remote: Any, wire: list[dict[str, Any]]) -> None:
        known = self.known(remote)
        connector = self.make(remote, wire, timeout=0.4)
        remote.fault("hang", **{**ALL, "seconds": 5})
        with pytest.raises(RetryLater):
            connector.fetch(*known)
        registry.close()

    def test_too_many_requests_are_for_later_and_say_when(self, connector: Connector, remote: Any) -> None:
        known = self.known(remote)
        remote.fault("answer", **ALL, status=429, headers={"Retry-After": "7"})
        before = len(remote.calls)
        with pytest.raises(RetryLater) as caught:
            connector.fetch(*known)
        assert caught.value.after == 7
        assert len(remote.calls) == before + 1

    def test_refused_credentials_are_unauthorized(self, connector: Connector, remote: Any) -> None:
        known = self.known(remote)
        remote.fault("answer", **ALL, status=401)
        with pytest.raises(Unauthorized):
            connector.fetch(*known)

    # -- webhooks

    def test_a_genuine_webhook_brings_the_record_or_a_hint_that_can_be_fetched(
        self, connector: Connector, remote: Any
    ) -> None:
        brought = connector.accept(self.genuine(remote))
        assert self.known(remote) in [(item.stream, item.external_id) for item in brought]
        for item in brought:
            if isinstance(item, Hint):
                assert isinstance(connector.fetch(item.stream, item.external_id), Message)

    def test_a_changed_body_is_no_genuine_webhook(self, connector: Connector, remote: Any) -> None:
        request = self.genuine(remote)
        with pytest.raises(InvalidWebhook):
            connector.accept(replace(request, body=request.body + b" "))

    def test_a_webhook_without_signature_is_none(self, connector: Connector, remote: Any) -> None:
        request = self.genuine(remote)
        with pytest.raises(InvalidWebhook):
            connector.accept(replace(request, headers={"Content-Type": "application/json"}))

    # -- writing

    def test_a_write_is_done_once_and_says_where_to_look(self, connector: Connector, remote: Any) -> None:
        operation = self.writable(remote)
        replies = self.carry_out(connector, operation)
        assert remote.effects
        hints = [hint for reply in replies for hint in reply.read_back]
        assert hints, "nothing is read back: no observation would ever show the effect"
        for hint in hints:
            assert not connector.fetch(hint.stream, hint.external_id).deleted

    def test_the_same_call_twice_is_one_effect(self, connector: Connector, remote: Any) -> None:
        """A crash loses the progress: the same operation comes again from its beginning."""
        operation = self.writable(remote)
        self.carry_out(connector, operation)
        done = len(remote.effects)
        self.carry_out(connector, replace(operation, attempt=2))
        assert len(remote.effects) == done

    def test_a_refused_write_is_rejected_in_their_words(self, connector: Connector, remote: Any) -> None:
        operation = self.writable(remote)
        remote.fault("answer", **self.writes, status=422, body=dict(self.refusal))
        with pytest.raises(Rejected) as caught:
            self.carry_out(connector, operation)
        assert words_of(dict(self.refusal)) in str(caught.value)
        assert not remote.effects

    def test_business_errors_mean_what_they_say_whatever_their_status(self, connector: Connector, remote: Any) -> None:
        if not self.business_errors:
            pytest.skip("this system's statuses say what they mean")
        operation = self.writable(remote)
        for status, body, means in self.business_errors:
            remote.faults.clear()
            remote.fault("answer", **self.writes, status=status, body=body)
            with pytest.raises(means):
                self.carry_out(connector, operation)
        assert not remote.effects

    def test_a_write_told_to_wait_waits(self, connector: Connector, remote: Any) -> None:
        operation = self.writable(remote)
        remote.fault("answer", **self.writes, status=429, headers={"Retry-After": "7"})
        with pytest.raises(RetryLater) as caught:
            self.carry_out(connector, operation)
        assert caught.value.after == 7
        assert not remote.effects

    @pytest.mark.parametrize("fault", ["answer_after", "drop_after", "hang_after"])
    def test_a_write_without_an_answer_is_unknown_and_is_found(
        self, remote: Any, wire: list[dict[str, Any]], fault: str
    ) -> None:
        operation = self.writable(remote)
        connector = self.make(remote, wire, timeout=0.7 if fault == "hang_after" else None)
        remote.fault(fault, **self.writes, status=500, seconds=5)
        with pytest.raises(OutcomeUnknown):
            self.carry_out(connector, operation)
        remote.faults.clear()
        done = len(remote.effects)
        assert done == 1, "a write was repeated by itself"
        connector = self.make(remote, wire)
        if registry.load(self.system).capabilities.find:
            assert connector.find(operation) is not None, "it was done, but is not found again"
        self.carry_out(connector, replace(operation, attempt=2))
        again = [effect for effect in remote.effects if self.same(effect, remote.effects[0])]
        assert len(again) == 1, "the write that was done already was done again"
        registry.close()

    def same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether two entries of the effects log are the same effect."""
        drop = ("n", "at")
        return {k: v for k, v in one.items() if k not in drop} == {k: v for k, v in other.items() if k not in drop}

    def test_no_secret_is_on_the_wire_log(self, connector: Connector, remote: Any, wire: list[dict[str, Any]]) -> None:
        connector.fetch(*self.known(remote))
        assert wire
        log = json.dumps(wire, ensure_ascii=False)
        settings = self.settings(remote)
        for name in registry.load(self.system).manifest.secrets:
            given = settings.get(name) or []
            for secret in [given] if isinstance(given, str) else given:
                assert secret not in log
