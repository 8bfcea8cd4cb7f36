"""What merge promises whatever is said, in whatever order (hypothesis; the seed is in the header of the run)."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.model.identity.names import bind
from hub.model.merge.fragments import merge_fragments
from hub.model.merge.merger import Merger, merge, view
from hub.model.plan.planner import plan
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import DuplicateFacts, FactId, MergeInputs, Observation
from hub.model.schema.operation import Terms
from hub.model.schema.returns import Return
from tests.model.records import said, terms
from tests.model.simulated import ACCOUNTS, LINES, Simulation, orders, simulations

TERMS: list[Terms] = [
    terms("web", "storefront", money=True, sells=True),
    terms("erp", "erp"),
    terms("wms", "wms"),
    terms("till", "pos", money=True, locations=frozenset({"shop"})),
]


def everything(observations: list[Observation], inputs: MergeInputs) -> bytes:
    """The return, every view, every plan and every undeliverable, as bytes: identical means identical."""
    merged = merge(observations, inputs)
    views = [view(observations, inputs, one.account) for one in TERMS]
    plans = [plan(merged, its, one, ()) for its, one in zip(views, TERMS, strict=True)]
    return msgspec.json.encode((merged, views, plans))


@given(simulations(), st.randoms(use_true_random=False))
def test_order_duplication_and_late_old_versions_change_nothing(world: Simulation, chance: random.Random) -> None:
    arrivals = [*world.observations, *world.older]
    expected = everything(arrived(arrivals), world.inputs)
    shuffled = arrivals + chance.sample(arrivals, len(arrivals) // 2)
    chance.shuffle(shuffled)
    assert everything(arrived(shuffled), world.inputs) == expected
    assert everything(shuffled, world.inputs) == expected


def arrived(observations: list[Observation]) -> list[Observation]:
    """What stands after these arrived one by one."""
    standing: dict[tuple[str, str, str], Observation] = {}
    for observation in observations:
        name = (observation.account, observation.stream, observation.external_id)
        news = merge_fragments(standing.get(name), observation)
        if news is None:
            # The same said again only makes it younger, as in the store.
            known = standing[name]
            news = msgspec.structs.replace(known, read_seq=max(known.read_seq, observation.read_seq))
        standing[name] = news
    return list(standing.values())


def fragments() -> st.SearchStrategy[Fragment]:
    """Small fragments with silence, null, complete and partial lists."""
    note = st.builds(lambda i, t: {"id": i, "text": t}, st.sampled_from("abc"), st.sampled_from("xyz"))
    listed = st.lists(note, max_size=3, unique_by=lambda n: n["id"])
    fields = st.fixed_dictionaries(
        {},
        optional={
            "number": st.sampled_from([None, "1", "2"]),
            "state": st.sampled_from(["open", "done"]),
            "agreed": st.sampled_from([None, "1", "2"]),
            "notes": st.one_of(st.none(), listed),
            "partial": st.sampled_from([(), ("notes",)]),
        },
    )
    return fields.map(lambda data: msgspec.convert(data, Fragment))


@given(st.lists(fragments(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_absorbing_is_free_of_order_and_silence_never_erases(fragments: list[Fragment], chance: random.Random) -> None:
    readings = [
        Observation(account="a", stream="s", external_id="1", fragment=f, read_seq=i) for i, f in enumerate(fragments)
    ]
    (expected,) = arrived(readings)
    shuffled = readings * 2
    chance.shuffle(shuffled)
    (found,) = arrived(shuffled)
    assert found == expected
    for field in ("number", "state", "agreed"):
        spoken = [value for f in fragments if (value := getattr(f, field)) is not msgspec.UNSET]
        assert getattr(expected.fragment, field) == (spoken[-1] if spoken else msgspec.UNSET)
    whole = [i for i, f in enumerate(fragments) if f.notes is not msgspec.UNSET and "notes" not in f.partial]
    last_whole = whole[-1] if whole else 0
    newest = {n.id: n for f in fragments[last_whole:] if f.notes is not msgspec.UNSET for n in f.notes or ()}
    assert {n.id: n for n in getattr(expected.fragment, "notes", None) or ()} == newest


def readings() -> st.SearchStrategy[Fragment]:
    """What a record tells of refunds and of a payment's totals, complete or in part; sums move both ways, items vanish."""
    states = st.sampled_from(["pending", "succeeded", "reversed", "failed"])
    part = st.builds(lambda n, s: {"amount": str(n), "state": s}, st.integers(1, 3), states)
    parts = st.lists(part, min_size=1, max_size=2)
    refund = st.builds(lambda i, p: {"id": i, "currency": "EUR", "parts": p}, st.sampled_from("ab"), parts)
    refunds = st.lists(refund, max_size=2, unique_by=lambda r: r["id"])
    few = st.integers(0, 3)
    paid = st.builds(
        lambda n, r, c: {"id": "p", "captured": str(n), "currency": "EUR", "refunded": str(r), "charged_back": str(c)},
        st.integers(7, 9),
        few,
        few,
    )
    line = st.builds(
        lambda i, s, q, n, p: {"id": i, "sku": s, "quantity": str(q), "shipped": str(n), "price": p},
        st.sampled_from("ij"),
        st.sampled_from(["M", None]),
        few,
        few,
        st.sampled_from(["2", "3", None]),
    )
    order = st.builds(
        lambda ps, lines, total: {"payments": ps, "lines": lines, "currency": "EUR", "total": total},
        st.lists(paid, max_size=1),
        st.lists(line, max_size=2, unique_by=lambda one: one["id"]),
        st.sampled_from(["7", "8", "9", None]),
    )
    fields = {"refunds": refunds, "order": order, "partial": st.sampled_from([(), ("refunds",)])}
    return st.fixed_dictionaries({}, optional=fields).map(lambda data: msgspec.convert(data, Fragment, strict=False))


def sent(fragment: Fragment) -> dict[str, Decimal]:
    """Per refund, and for the payment's totals: what is said to be with the customer, or was and came back."""
    states = {"pending", "succeeded", "reversed"}
    found = {r.id: sum((p.amount for p in r.parts if p.state in states), Decimal(0)) for r in fragment.refunds or ()}
    for payment in fragment.order.payments if fragment.order else ():
        found["refunded"], found["charged_back"] = payment.refunded or Decimal(0), payment.charged_back or Decimal(0)
    return found


@given(st.lists(readings(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_most_that_was_ever_told_of_money_is_kept_whatever_the_order(
    fragments: list[Fragment], chance: random.Random
) -> None:
    one_by_one = [
        Observation(account="a", stream="s", external_id="1", fragment=f, read_seq=i) for i, f in enumerate(fragments)
    ]
    (expected,) = arrived(one_by_one)
    shuffled = one_by_one * 2
    chance.shuffle(shuffled)
    assert arrived(shuffled) == [expected]
    known = sent(expected.fragment)
    for refund in expected.fragment.refunds_once:
        known[refund.id] = max(known.get(refund.id, Decimal(0)), sent(Fragment(refunds=(refund,)))[refund.id])
    for payment in expected.fragment.payments_once:
        known["refunded"] = max(known.get("refunded", Decimal(0)), payment.refunded or Decimal(0))
        known["charged_back"] = max(known.get("charged_back", Decimal(0)), payment.charged_back or Decimal(0))
    for name in ("a", "b", "refunded", "charged_back"):
        assert known.get(name, 0) == max((sent(f).get(name, Decimal(0)) for f in fragments), default=0)


def test_approved_draft_approved_arrives_each_time() -> None:
    states = ["authorized", "requested", "authorized"]
    standing = None
    for read_seq, value in enumerate(states):
        standing = merge_fragments(standing, said("erp", "c", "1", read_seq, authorization={"value": value}))
        assert standing is not None
        assert standing.fragment.authorization.value == value  # type: ignore[union-attr]
    assert merge_fragments(standing, said("erp", "c", "1", 9, authorization={"value": "authorized"})) is None


@given(simulations())
def test_strong_bindings_do_not_depend_on_order(world: Simulation) -> None:
    expected = bind(world.observations)
    assert bind(reversed(world.observations)) == expected
    assert len(expected) >= 1
    assert {name for c in expected for name in c.members}.isdisjoint({("web", "order", "o1"), ("erp", "sale", "s1")})


def received(ret: Return) -> Decimal:
    return sum((line.received for line in ret.lines), Decimal(0))


@given(simulations())
def test_a_silent_record_never_erases(world: Simulation) -> None:
    mute = said("web", "zz", "silent", keys=[{"type": "return", "value": "w1"}])
    before = merge(world.observations, world.inputs)
    after = merge([*world.observations, mute], world.inputs)
    same = msgspec.structs.replace(after, objects=before.objects, sources=before.sources, said_by=before.said_by)
    assert same == before


@given(simulations())
def test_the_view_of_who_spoke_alone_is_the_same_whether_it_is_worked_out_anew_or_not(world: Simulation) -> None:
    for account in {o.account for o in world.observations}:
        alone = [o for o in world.observations if o.account == account]
        inputs = msgspec.structs.replace(world.inputs, others=())
        merger = Merger(alone, inputs)
        merged = merger.merged()
        shared = merger.of(account)
        anew = view(alone, inputs, account)
        for one in TERMS:
            if one.account == account:
                assert plan(merged, shared, one, ()) == plan(merged, anew, one, ())
        own = {"sources": anew.sources, "said_by": anew.said_by, "discrepancies": anew.discrepancies}
        assert msgspec.structs.replace(shared, **own) == anew
        assert shared.provenance == anew.provenance


counts = st.lists(st.integers(1, 3), min_size=1, max_size=4)


@given(counts, counts, st.data())
def test_strangers_add_up_and_twins_never_double(erp: list[int], wms: list[int], data: st.DataObject) -> None:
    request = said("web", "return", "w1", origin="request", orders=[{"type": "order", "value": "o1"}],
                   lines=[{"order_line": "web_A", "quantity": 4}])  # fmt: skip
    key = [{"issuer": "hub", "type": "return", "value": "R1"}]

    def arrivals(account: str, stated: list[int]) -> Observation:
        receipts = [{"id": f"r{i}", "sku": "SKU-A", "quantity": n} for i, n in enumerate(stated)]
        return said(account, "arrival", "x", keys=key, receipts=receipts)

    records = [*orders(), request, arrivals("erp", erp), arrivals("wms", wms)]
    strangers = merge(records, MergeInputs(parties=ACCOUNTS))
    assert received(strangers) == sum(erp) + sum(wms)
    paired = data.draw(st.integers(0, min(len(erp), len(wms))))
    pairs = [
        DuplicateFacts(frozenset(FactId(account, "arrival", "x", "receipts", f"r{i}") for account in ("erp", "wms")))
        for i in range(paired)
    ]
    linked = merge(records, MergeInputs(parties=ACCOUNTS, duplicates=tuple(pairs)))
    # Between duplicates the warehouse outranks the ERP; what has no duplicate still adds up.
    assert received(linked) == sum(wms) + sum(erp[paired:])
    differ = sum(erp[i] != wms[i] for i in range(paired))
    assert sum(d.kind == "duplicates_differ" for d in linked.discrepancies) <= differ
    assert any(d.kind == "duplicates_differ" for d in linked.discrepancies) == bool(differ)


@given(counts, st.integers(0, 5), st.integers(0, 4))
def test_a_total_holds_what_was_told_and_its_own(erp: list[int], own: int, heard: int) -> None:
    heard = min(heard, len(erp))
    key = [{"issuer": "hub", "type": "return", "value": "R1"}]
    pieces = [{"id": f"r{i}", "sku": "SKU-A", "quantity": n} for i, n in enumerate(erp)]
    total = {"id": "all", "order_line": "web_A", "quantity": sum(erp[:heard]) + own, "total": True}
    lines = [{"order_line": "web_A", "quantity": 4}]
    request = said("web", "return", "w1", origin="request", orders=[{"type": "order", "value": "o1"}], lines=lines,
                   receipts=[total] if total["quantity"] else [])  # fmt: skip
    held = FactId("web", "return", "w1", "receipts", "all")
    pairs = [
        DuplicateFacts(
            frozenset({held, FactId("erp", "x", "x", "receipts", f"r{i}")}),
            held,
            Decimal(n),
            Decimal(own),
            f"intent:{i}",
        )
        for i, n in enumerate(erp[:heard])
    ]
    records = [*orders(), request, said("erp", "x", "x", keys=key, receipts=pieces)]
    merged = merge(records, MergeInputs(parties=ACCOUNTS, duplicates=tuple(pairs)))
    assert received(merged) == sum(erp) + own
    assert "duplicates_differ" not in [d.kind for d in merged.discrepancies]


@given(simulations())
def test_nothing_is_below_zero_and_nothing_disposed_that_never_came(world: Simulation) -> None:
    merged = merge(world.observations, world.inputs)
    for line in merged.lines:
        assert line.undisposed >= 0
        assert 0 <= line.cancelled <= line.quantity
        put = sum(line.disposed.values(), Decimal(0))
        if put > line.received:
            assert any(d.kind == "over_disposed" and d.line == line.key for d in merged.discrepancies)
        else:
            assert line.undisposed == line.received - put
    assert merged.money.due >= 0


@given(simulations())
def test_views_speak_of_the_same_lines(world: Simulation) -> None:
    merged = merge(world.observations, world.inputs)
    keys = {line.key for line in merged.lines}
    for account in ACCOUNTS:
        assert {line.key for line in view(world.observations, world.inputs, account).lines} <= keys


@given(simulations())
def test_two_currencies_are_never_added(world: Simulation) -> None:
    merged = merge(world.observations, world.inputs)
    foreign = [
        refund
        for observation in world.observations
        for refund in observation.fragment.refunds or ()
        if refund.currency != "EUR"
    ]
    assert {refund.value.currency for refund in merged.refunds} <= {"EUR"}
    assert any(d.kind == "currency" for d in merged.discrepancies) == bool(foreign)


def test_the_simulation_knows_its_lines() -> None:
    merged = merge([*orders(), said("web", "return", "w1", origin="request", orders=[{"type": "order", "value": "o1"}],
                                    lines=[{"order_line": f"web_{n}", "quantity": 1} for n in LINES])],
                   MergeInputs(parties=ACCOUNTS))  # fmt: skip
    assert [line.order_lines for line in merged.lines] == [{"erp": f"erp_{n}", "web": f"web_{n}"} for n in LINES]
