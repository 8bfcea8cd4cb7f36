"""What every connector promises of its writes: the part of the contract in which something is told to a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.answers import words_of
from connectors.kit.api import Connector
from connectors.kit.errors import ConnectorError, OutcomeUnknown, Rejected, RetryLater, Unauthorized
from tests.connectors.adapter import ALL, STEPS, Adapter

proves = pytest.mark.proves


class Writes(Adapter):
    @proves("write-back")
    def test_a_write_is_done_once_and_says_where_to_look(self, connector: Connector, remote: Any) -> None:
        operation = self.writable(remote)
        replies = self.carry_out(connector, operation)
        assert remote.effects
        notifications = [changed for reply in replies for changed in reply.read_back]
        assert notifications, "nothing is read back: no observation would ever show the effect"
        for changed in notifications:
            assert not connector.fetch(changed.stream, changed.external_id).deleted

    @proves("duplicates")
    def test_the_same_call_twice_is_one_effect(self, connector: Connector, remote: Any) -> None:
        """A crash loses the progress: the same operation comes again from its beginning."""
        operation = self.writable(remote)
        self.carry_out(connector, operation)
        done = len(remote.effects)
        self.carry_out(connector, replace(operation, attempt=2))
        assert len(remote.effects) == done

    @proves("errors: refused")
    def test_a_refused_write_is_rejected_in_their_words(self, connector: Connector, remote: Any) -> None:
        operation = self.writable(remote)
        remote.fault("answer", **self.writes, status=422, body=dict(self.refusal))
        with pytest.raises(Rejected) as caught:
            self.carry_out(connector, operation)
        assert words_of(dict(self.refusal)) in str(caught.value)
        assert not remote.effects
        assert not connector.http.attempt.changed

    @proves("errors: refused")
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

    @proves("errors: later")
    def test_a_write_told_to_wait_waits(self, connector: Connector, remote: Any) -> None:
        operation = self.writable(remote)
        remote.fault("answer", **self.writes, status=429, headers={"Retry-After": "7"})
        with pytest.raises(RetryLater) as caught:
            self.carry_out(connector, operation)
        assert caught.value.after == 7
        assert not remote.effects
        assert not connector.http.attempt.changed

    @proves("errors: unknown")
    @proves("kill")
    @pytest.mark.parametrize("fault", ["answer_after", "drop_after", "hang_after"])
    def test_a_write_without_an_answer_is_unknown_and_is_found(
        self, remote: Any, wire: list[dict[str, Any]], fault: str
    ) -> None:
        operation = self.writable(remote)
        connector = self.make(remote, wire, timeout=0.7 if fault == "hang_after" else None)
        remote.fault(fault, **self.writes, status=500, seconds=5)
        with pytest.raises(OutcomeUnknown):
            self.carry_out(connector, operation)
        assert connector.http.attempt.changed
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

    @proves("errors: unknown")
    @pytest.mark.parametrize("status", [401, 429, 503])
    def test_what_fails_after_a_change_was_answered_is_no_refusal_of_it(
        self, remote: Any, wire: list[dict[str, Any]], status: int
    ) -> None:
        """Each attempt writes, is answered, and then every read of its own fails: what was written may stand."""
        operation = self.writable(remote)
        begun, finished = operation, False
        for _ in range(STEPS):
            remote.faults.clear()
            fails = {"kind": "answer", **self.reads, "status": status, "times": 99}
            remote.fault("pass", **self.writes, then=fails)
            connector = self.make(remote, wire)
            try:
                reply = connector.perform(begun)
            except ConnectorError:
                wrote = not any(fault["kind"] == "pass" for fault in remote.faults.open())
                assert wrote
                assert connector.http.attempt.changed, "this would be taken for an attempt that did nothing"
                break
            begun = replace(begun, progress={**begun.progress, **reply.progress})
            if finished := reply.finished:
                break
        remote.faults.clear()
        if not finished:
            self.carry_out(self.make(remote, wire), replace(begun, attempt=2))
        first, *others = remote.effects
        assert not [effect for effect in others if self.same(effect, first)]

    @proves("kill")
    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_a_write_cut_off_between_two_steps_is_one_effect(
        self, connector: Connector, remote: Any, wire: list[dict[str, Any]], steps: int
    ) -> None:
        """A killed worker: what is remembered of the write is gone, another one begins it anew."""
        operation = self.writable(remote)
        begun = operation
        for _ in range(steps):
            reply = connector.perform(begun)
            begun = replace(begun, progress={**begun.progress, **reply.progress})
            if reply.finished:
                break
        self.carry_out(self.make(remote, wire), replace(operation, attempt=2))
        first, *others = remote.effects
        assert not [effect for effect in others if self.same(effect, first)]

    @proves("re-authorisation")
    def test_a_write_with_refused_credentials_does_nothing_and_goes_on_with_renewed_ones(
        self, connector: Connector, remote: Any, wire: list[dict[str, Any]]
    ) -> None:
        operation = self.writable(remote)
        remote.fault("answer", **ALL, status=401)
        with pytest.raises(Unauthorized):
            self.carry_out(connector, operation)
        assert not remote.effects
        assert not connector.http.attempt.changed
        remote.faults.clear()
        self.carry_out(self.make(remote, wire), replace(operation, attempt=2))
        assert remote.effects

    @proves("reconcile")
    def test_what_no_event_told_is_found_by_asking(self, connector: Connector, remote: Any) -> None:
        """What a write changed is in the next polls; where that stream is not polled, reading it again shows it."""
        operation = self.writable(remote)
        cursors = {stream: self.end_of(connector, stream) for stream in registry.load(self.system).capabilities.polls}
        changed = {
            (changed.stream, changed.external_id)
            for r in self.carry_out(connector, operation)
            for changed in r.read_back
        }
        asked = {
            (item.stream, item.external_id)
            for stream, cursor in cursors.items()
            for page in connector.poll(stream, cursor or None)
            for item in page.messages
        }
        assert changed & asked or not {stream for stream, _ in changed} & cursors.keys()
        for stream, external_id in changed:
            assert not connector.fetch(stream, external_id).deleted

    def end_of(self, connector: Connector, stream: str) -> str:
        """The cursor after everything that is there."""
        cursor = ""
        for page in connector.poll(stream, None):
            cursor = page.cursor
        return cursor

    def same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether two entries of the effects log are the same effect."""
        drop = ("n", "at")
        return {k: v for k, v in one.items() if k not in drop} == {k: v for k, v in other.items() if k not in drop}
