"""How several workers share a run (pytest-xdist): a file stays whole, and what takes long begins first."""

from __future__ import annotations

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/browser/",)
"""Folders whose tests share what there is one of: a browser."""
LONGEST = ("tests/peers/test_two_systems_", "tests/peers/test_scenarios", "tests/pipeline/test_crash")
"""Minutes each; what else is marked as slow comes after them."""
SPARE = 1
"""Workers beyond one for each processor: tests of real servers wait for these half of their time."""


class Scheduling(LoadScopeScheduling):
    """A work unit is a file, or one of the folders."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    config.option.loadscopereorder = False  # they come in the order of pytest_collection_modifyitems
    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return len(os.sched_getaffinity(0)) + SPARE


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker waits for the others at the end."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: (not item.nodeid.startswith(LONGEST), item.path not in slow))
