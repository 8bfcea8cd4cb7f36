"""Random scenarios over the real servers. A few here; many with `--scenarios 50 -k scenario`, one again with its seed.

pytest -s tests/peers/test_scenarios.py --scenarios 20 --seed 7        # scenarios 7000, 7001, ... 7019
"""

from __future__ import annotations

import pytest

from tests.peers.case import told_of
from tests.peers.clerk import answer_everything
from tests.peers.scenario import Scenario
from tests.peers.two_systems import Between
from tests.peers.verdict import SILENT, STUCK, judge

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(14_400)]


def test_no_scenario_ends_wrong_and_silent_or_without_a_way_out(
    between: Between, request: pytest.FixtureRequest, seed: int
) -> None:
    count = int(request.config.option.scenarios)
    bad = []
    for number in range(seed * 1000, seed * 1000 + count):
        scenario = Scenario(between, number)
        try:
            scenario.play()
        finally:
            between.web.up()
            between.erp.up()
        verdict = judge(scenario)
        report = "\n".join([f"scenario {number}", *(f"  {line}" for line in scenario.log), verdict.text()])
        print(report, flush=True)
        played = len(scenario.log)
        left = answer_everything(scenario)
        after = "\n".join([*(f"  {line}" for line in scenario.log[played:]), *(f"  still open: {one}" for one in left)])
        print(after, flush=True)
        if verdict.word in (SILENT, STUCK) or left:
            print("\n".join(told_of(between, number) for number, _ in verdict.found), flush=True)
            bad.append(f"{report}\n{after}")
    assert not bad, "\n\n".join(bad)
