"""The table of delivery: nothing falls through it, no row of it is dead, and its laws hold for whatever is known."""

from __future__ import annotations

import random
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hub
from hub.model.plan import delivery
from hub.model.plan.delivery import IS, OUTCOMES, TABLE, Known, decide
from hub.pipeline.writes.questions import REASONS

README = Path(hub.__file__).parent / "README.md"
BEGIN, END = "<!-- the table of model/plan/delivery.py, checked by a test -->\n", "<!-- end of the table -->\n"
CAN_END = {
    ended: {o for rule in TABLE if rule.ended == ended for o in rule.outcomes} for ended in ("call", "look", "read")
}

BOOLEANS = ("possible", "refused", "begun", "covered", "money", "once", "readable", "fetched")

known = st.builds(
    Known,
    **{name: st.booleans() for name in BOOLEANS},
    tries=st.integers(1, 15),
    calls=st.integers(1, 70),
    looks=st.integers(0, 3),
    misses=st.integers(0, 10),
    settles=st.just(3.0),
    after=st.none() | st.floats(0, 1e6),
)


def endings() -> list[tuple[str, str]]:
    return sorted((ended, outcome) for ended, outcomes in CAN_END.items() for outcome in outcomes)


def test_the_readme_shows_the_table(request: pytest.FixtureRequest) -> None:
    """`--accept` writes it there."""
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    whole = f"{before}{BEGIN}{delivery.shown()}\n{END}{after}"
    if request.config.option.accept:
        README.write_text(whole)
    assert README.read_text() == whole, "make it again: pytest tests/model/test_delivery.py --accept"


def test_every_word_is_explained_and_every_reason_is_a_sentence() -> None:
    assert {o for _, o in endings()} == set(get_args(delivery.Outcome)) == set(OUTCOMES)
    assert {w.removeprefix("not ") for rule in TABLE for w in rule.where} <= set(IS)
    assert {rule.asks for rule in TABLE if rule.asks} == set(REASONS)


@given(known, st.sampled_from(endings()))
def test_nothing_falls_through_and_every_end_is_seen_by_a_person(what: Known, end: tuple[str, str]) -> None:
    verdict = decide(*end, what)  # type: ignore[arg-type]
    rule = verdict.rule
    assert bool(rule.asks) <= (rule.intent == "dead")
    assert (rule.intent == "dead") == (rule.row == "blocked"), "what ends is shown as blocked"
    assert rule.row != "awaiting" or verdict.wait > 0 or what.after == 0, "what is awaited has its time"


def test_no_row_is_dead(seed: int) -> None:
    dice, seen = random.Random(seed), set()
    for _ in range(20_000):
        booleans = {name: dice.random() < 0.5 for name in BOOLEANS}
        counts = {"tries": dice.randint(1, 13), "calls": dice.choice((1, 60)), "looks": dice.randint(0, 2)}
        what = Known(**booleans, **counts, misses=dice.choice((0, 7)))  # type: ignore[arg-type]
        seen.add(decide(*dice.choice(endings()), what).rule)  # type: ignore[arg-type]
    assert [rule for rule in TABLE if rule not in seen] == []


@given(known, st.sampled_from(endings()))
def test_what_may_have_had_an_effect_is_neither_forgotten_nor_repeated_unseen(
    what: Known, end: tuple[str, str]
) -> None:
    rule = decide(*end, what).rule  # type: ignore[arg-type]
    if what.possible and end[0] != "read" and end[1] != "step":
        assert rule.intent not in ("held", "waiting"), "its key is kept, and it is looked for first"
    if rule.next == "repeat" and not rule.row:
        assert end[0] == "look"
        assert what.covered or not what.money, "money is repeated under a key that covers it, or not at all"
        assert what.covered or end[1] == "not_found", "without a key only what was looked for"
        assert not what.refused
    if end == ("call", "unknown"):
        assert rule.intent == "unknown"


@given(st.lists(st.sampled_from(endings()), min_size=200, max_size=200), known)
def test_every_way_through_the_table_is_finite(ends: list[tuple[str, str]], what: Known) -> None:
    """Whatever comes next, calls and looks are counted; so one of them is the last."""
    calls = 0
    tries, looks, misses, possible, refused = 1, 0, 0, False, False
    doing = "call"
    for ended, outcome in (end for end in ends if end[0] != "read"):
        if ended != doing or outcome == "over_budget":
            continue
        calls += 1
        now = Known(possible=possible, refused=refused, covered=what.covered, money=what.money, once=what.once,
                    tries=tries, calls=calls, looks=looks, misses=misses)  # fmt: skip
        rule = decide(ended, outcome, now).rule  # type: ignore[arg-type]
        possible = possible or rule.intent == "unknown"
        refused = refused or (outcome in delivery.NO and possible)
        if rule.intent in ("dead", "no_way", "sent"):
            return
        if rule.next in ("repeat", "plan", "read, plan", "next step"):
            doing, tries, looks, misses = "call", 1 if rule.next == "next step" else tries + 1, 0, 0
        else:
            doing, looks, misses = (
                "look",
                looks + (outcome == "not_found"),
                misses + (outcome not in ("not_found",) and ended == "look"),
            )
    assert calls < delivery.LAST_STEP * delivery.MISSES


@pytest.mark.parametrize(
    ("before", "after", "wait"), [(0, None, 2.0), (0, 0.1, 0.1), (1, 0.1, 10.0), (1, 30.0, 30.0), (99, None, 3600.0)]
)
def test_waits_grow_and_what_they_ask_for_counts(before: int, after: float | None, wait: float) -> None:
    assert delivery.growing(before, after) == wait
