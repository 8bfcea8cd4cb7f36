"""Each stage of a batch alone: what it is given, and what it adds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.boot import Hub
from hub.model.privacy.personal import PersonName
from hub.pipeline.process import stages, take
from hub.pipeline.process.batch import Batch, Bound, Concerned, Observed
from hub.pipeline.process.stages import STAGES
from hub.store import claims, inbox, invalid, jobs, personal
from hub.store.arrival import Arrival
from tests.pipeline.channels import counter, order, request
from tests.pipeline.queries import rows

ORDER = ("web", "order", "12")
ASKED = ("web", "return", "w1")


@pytest.fixture
def claimed(hub: Hub, channels: Callable[..., None], post: Callable[[str, Any], list[bool]]) -> Callable[..., Batch]:
    """claimed(web=[record, ...]): these came by webhook, and their jobs are a worker's now."""

    channels()

    def claim(**records: list[dict[str, Any]]) -> Batch:
        for account, fragments in records.items():
            for record in fragments:
                post(account, record)
        hub.database.run(inbox.dispatch)
        taken = hub.database.run(lambda conn: claims.claim(conn, ["process"], "test", 50))
        return Batch(jobs=taken, accounts=hub.accounts.all(), forgotten=hub.process.forgotten)

    return claim


def through(hub: Hub, batch: Batch, last: Callable[..., Batch]) -> Batch:
    """The batch after this stage, in a transaction that is committed."""
    wanted = STAGES[: STAGES.index(last) + 1]
    with hub.database.begin() as conn:
        for stage in wanted:
            batch = stage(conn, batch)
    return batch


def alone(hub: Hub, stage: Callable[..., Batch], batch: Batch) -> Batch:
    with hub.database.begin() as conn:
        return stage(conn, batch)


def names(batch: Batch) -> list[str]:
    return [job.key for job in batch.jobs]


def test_fence_leaves_out_a_job_that_somebody_else_has_by_now(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = claimed(web=[order(), request("w1")])
    lost, kept = batch.jobs
    rows(hub, "UPDATE jobs SET token = token + 1 WHERE id = :i RETURNING 1", i=lost.id)
    assert alone(hub, stages.fence, batch).jobs == [kept]


def test_read_brings_what_came_for_each_job_in_its_order(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = claimed(web=[request("w1"), request("w2"), request("w1", version=2)])
    found = alone(hub, stages.read, batch).messages
    assert {job.key: [json.loads(row.body or b"")["version"] for row in found[job.id]] for job in batch.jobs} == {
        "return/w1": [1, 2],
        "return/w2": [1],
    }


def test_read_gives_back_what_one_transaction_does_not_take(
    hub: Hub, claimed: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take, "HANDFUL", 1)
    batch = claimed(web=[request("w1"), request("w2")])
    done = alone(hub, stages.read, batch)
    assert (names(done), set(done.messages)) == (["return/w1"], {batch.jobs[0].id})
    assert rows(hub, "SELECT key FROM jobs WHERE kind = 'process' AND lease_until IS NULL") == [("return/w2",)]


def test_mask_hides_who_was_erased(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = alone(hub, stages.read, claimed(web=[{**request("w1"), "note": "ask zoe@example.com"}]))
    with hub.database.begin() as conn:
        batch.forgotten.remember(conn, people=[PersonName("mail", "zoe@example.com")])
        assert personal.anything_erased(conn)
    ((before,),), ((after,),) = batch.messages.values(), alone(hub, stages.mask, batch).messages.values()
    assert before.name == after.name
    assert b"zoe" in before.body
    assert b"zoe" not in after.body


def test_observe_keeps_the_newest_and_says_what_it_does_not_understand(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = claimed(web=[request("w1"), request("w1", quantity=2, version=2), {**request("w2"), "lines": 7}])
    observed = alone(hub, stages.observe, alone(hub, stages.read, batch)).observed
    ((job, stored),) = observed.news
    assert (job.key, stored.observation.fragment.lines[0].quantity) == ("return/w1", 2)
    assert [row.read_seq is not None for _, row in observed.understood] == [True, True]
    assert [one.name for one in observed.refused.values()] == [("web", "return", "w2")]
    assert observed.reads == {}, "a push whose stream can be fetched is no read"


def test_observe_notes_a_read_that_says_what_is_known(hub: Hub, claimed: Callable[..., Batch]) -> None:
    body = json.dumps(request("w1")).encode()
    message = Arrival.of(account="web", stream="return", external_id="w1", via="poll", body=body, read_seq=5)
    with hub.database.begin() as conn:
        inbox.accept(conn, [message, message._replace(read_seq=6)])
    observed = through(hub, claimed(), stages.observe).observed
    assert len(observed.news) == 1
    assert (observed.reads, observed.repeated) == ({ASKED: 6}, {ASKED: 6})


def test_identify_gives_a_return_its_number_and_an_order_its_own(hub: Hub, claimed: Callable[..., Batch]) -> None:
    bound = through(hub, claimed(web=[order(), request("w1")]), stages.identify).bound
    assert [(r.observation.stream, r.return_id, r.order_id is None) for r in bound.news] == [
        ("order", None, False),
        ("return", 1001, True),
    ]
    assert (bound.returns, bound.fresh) == ({1001}, [1001])


def test_identify_takes_what_is_postponed_for_no_read(
    hub: Hub, claimed: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = through(hub, claimed(web=[request("w1")]), stages.observe)
    observed = replace(batch.observed, reads={ASKED: 7, ORDER: 8})
    monkeypatch.setattr("hub.pipeline.process.identify.bind", lambda *_: Bound(postponed=[0]))
    after = alone(hub, stages.identify, replace(batch, observed=observed))
    assert after.observed.reads == {ORDER: 8}
    assert after.postponed == {batch.jobs[0].id}


def test_keep_stores_observations_archives_messages_and_lets_the_others_wait(
    hub: Hub, claimed: Callable[..., Batch]
) -> None:
    batch = through(hub, claimed(web=[request("w1"), {**request("w2"), "lines": 7}]), stages.identify)
    after = alone(hub, stages.keep, batch)
    assert rows(hub, "SELECT external_id, return_id FROM observations") == [("w1", 1001)]
    assert rows(hub, "SELECT external_id, return_id FROM raw") == [("w1", 1001)]
    assert rows(hub, "SELECT external_id, state FROM inbox") == [("w2", "invalid")]
    assert ("web", "return", "w2") in after.unclear


def test_keep_leaves_in_the_inbox_what_is_postponed(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = through(hub, claimed(web=[request("w1")]), stages.observe)
    alone(hub, stages.keep, replace(batch, bound=Bound(postponed=[0])))
    assert rows(hub, "SELECT external_id, state FROM inbox") == [("w1", "waiting")]
    assert rows(hub, "SELECT external_id FROM raw") == []


def test_keep_tells_the_story_of_returns_that_were_joined(hub: Hub, claimed: Callable[..., Batch]) -> None:
    alone(hub, stages.keep, replace(claimed(), bound=Bound(linked=[(1001, 1002)])))
    ((return_id, stage, text),) = rows(hub, "SELECT return_id, stage, text FROM journal")
    assert (return_id, stage) == (1001, "link")
    assert "R1002" in text


def test_fetch_wants_what_is_unsure_and_orders_that_nobody_told_of(hub: Hub, claimed: Callable[..., Batch]) -> None:
    observed = Observed(unsure={("web", jobs.object_key("return", "w9"))})
    bound = Bound(heard_of={("web", "order", "12"), ("web", "nothing that can be fetched", "1")})
    alone(hub, stages.fetch, replace(claimed(), observed=observed, bound=bound))
    wanted = rows(hub, "SELECT account, key FROM jobs WHERE kind = 'fetch' ORDER BY key")
    assert wanted == [("web", "order/12"), ("web", "return/w9")]


def test_concern_names_the_returns_why_and_which_of_them_others_see_anew(
    hub: Hub, claimed: Callable[..., Batch]
) -> None:
    batch = through(hub, claimed(web=[order(), request("w1")]), stages.identify)
    first = alone(hub, stages.concern, batch).concerned
    assert first == Concerned({1001}, {1001}, [1001], {1001: ["web return w1"]})
    news = batch.bound.news[-1]
    known = replace(batch.observed, before={ASKED: news})
    quiet = alone(hub, stages.concern, replace(batch, observed=known, bound=Bound(news=[news], returns={1001})))
    assert (quiet.concerned.returns, quiet.concerned.loud) == ({1001}, set())


def test_concern_asks_whom_an_invalid_message_is_about(hub: Hub, claimed: Callable[..., Batch]) -> None:
    through(hub, claimed(web=[request("w1")]), stages.finish)
    assert alone(hub, stages.concern, replace(claimed(), unclear={ASKED})).concerned.returns == {1001}


def test_weigh_binds_what_may_be_one_return(hub: Hub, claimed: Callable[..., Batch]) -> None:
    through(hub, claimed(web=[order()]), stages.finish)
    through(hub, claimed(web=[request("w1")]), stages.finish)
    batch = through(hub, claimed(till=[counter("t1")]), stages.concern)
    assert 1002 in batch.concerned.returns
    concerned = alone(hub, stages.weigh, batch).concerned
    assert concerned.returns == {1001}
    assert concerned.because == {1001: ["till return t1"]}
    assert rows(hub, "SELECT id, merged_into FROM returns ORDER BY id") == [(1001, None), (1002, 1001)]


def test_merge_and_plan_writes_the_return_and_what_is_to_be_told(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = through(hub, claimed(web=[order(), request("w1")]), stages.weigh)
    assert rows(hub, "SELECT id FROM returns") == []
    alone(hub, stages.merge_and_plan, batch)
    assert rows(hub, "SELECT id, opened FROM returns") == [(1001, True)]
    assert rows(hub, "SELECT account, state FROM sync WHERE return_id = 1001 AND account = 'erp'") == [
        ("erp", "pending")
    ]
    assert rows(hub, "SELECT account FROM jobs WHERE kind = 'deliver' AND account = 'erp'") == [("erp",)]


def test_question_writes_hands_on_each_record_with_what_is_wrong(
    hub: Hub, claimed: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(stages.awaited, "unreadable", lambda conn, accounts, records: heard.extend(records))
    wrong = [{"why": "no lines"}]
    observed = Observed(refused={1: invalid.RefusedMessage(ASKED, wrong, ())})
    alone(hub, stages.question_writes, replace(claimed(), observed=observed))
    assert heard == [(ASKED, wrong)]


def test_finish_ends_jobs_and_puts_off_what_waits_for_a_write(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = through(hub, claimed(web=[request("w1"), request("w2")]), stages.observe)
    alone(hub, stages.finish, replace(batch, bound=Bound(postponed=[1])))
    left = rows(hub, "SELECT key, attempts, why FROM jobs WHERE kind = 'process'")
    assert left == [("return/w2", 0, "joins two returns, one is being written to")]


def test_a_batch_that_is_nobodys_any_more_asks_nothing_further(hub: Hub, claimed: Callable[..., Batch]) -> None:
    batch = claimed(web=[request("w1")])
    rows(hub, "UPDATE jobs SET token = token + 1 RETURNING 1")
    hub.process(batch.jobs)
    assert rows(hub, "SELECT external_id, state FROM inbox") == [("w1", "waiting")]
