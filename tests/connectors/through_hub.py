"""What every connector promises once a hub stands behind it: the part of the contract that needs the whole pipeline.

Subclass it beside ConnectorContract; `news` says what makes the hub write, `pushes` what the system sends meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from connectors.kit import registry
from connectors.kit.api import WebhookRequest
from hub.model.schema.returns import Return
from tests.connectors.adapter import Adapter
from tests.connectors.one_account import HERE, SHOP, Stage
from tests.pipeline.channels import order

ANN = "Ann (simulated)"
proves = pytest.mark.proves


class HubContract(Adapter):
    """Besides what Adapter asks for."""

    terms: ClassVar[Mapping[str, Any]] = {"money": True}
    """The account's terms."""
    shop_return: ClassVar[Mapping[str, Any] | None] = None
    """For a carrier, whose records found nothing: the return as a shop tells it, with the parcel in it."""

    shop_order: ClassVar[str] = "12"
    """The number of the only order that the shop beside it knows."""

    def news(self, remote: Any) -> dict[str, Any]:
        """What a person says of the return (a fragment) that this system has to be told; not asked of a carrier."""
        raise NotImplementedError

    def pushes(self, remote: Any) -> list[WebhookRequest]:
        """The webhooks that it sends while the known record changes, in their order; afterwards it stands as the last says."""
        raise NotImplementedError

    # -- the suite's own tools

    @pytest.fixture
    def stages(self, more_databases: Callable[[], str], tmp_path: Path) -> Iterator[Callable[[Any], Stage]]:
        """stages(remote): a hub that is connected to it, as often as it is called."""
        made: list[Stage] = []

        def stage(remote: Any) -> Stage:
            made.append(Stage(more_databases(), tmp_path))
            made[-1].connect(self.system, self.settings(remote), dict(self.terms))
            made[-1].shop_tells(order(self.shop_order))
            return made[-1]

        yield stage
        for one in made:
            one.close()
        registry.close()

    def begin(self, stage: Stage, remote: Any) -> None:
        """The hub gets to know of the return."""
        if self.shop_return is not None:
            stage.shop_tells(dict(self.shop_return))
        else:
            stage.read(*self.known(remote))
        stage.work()

    def return_id(self, stage: Stage, remote: Any) -> int:
        if self.shop_return is not None:
            return stage.return_of(SHOP, self.shop_return["id"])
        return stage.return_of(HERE, self.known(remote)[1])

    # -- the promises

    @proves("echo")
    def test_the_echo_of_a_write_is_no_news(self, stages: Callable[[Any], Stage], remote: Any) -> None:
        stage = stages(remote)
        stage.poll()
        stage.work()
        before = len(remote.effects)
        self.begin(stage, remote)
        return_id = self.return_id(stage, remote)
        if self.shop_return is None:
            stage.hub.people.decide(return_id, self.news(remote), ANN)
            stage.work()
        written = len(remote.effects)
        assert written > before, "nothing was written, so nothing can come back"
        request = self.webhook(remote)
        for _ in range(2):  # an echo of an echo would be seen in the second round
            if request is not None:
                stage.push(request)
            stage.poll()
            stage.hub.reconcile.reconcile(HERE)
            stage.work()
        row = stage.telling(return_id)
        assert (row.state, list(row.planned)) == ("in_sync", [])
        assert len(remote.effects) == written, f"it was written again: {remote.effects[written:]}"

    @proves("order")
    def test_pushes_doubled_and_in_any_order_end_in_the_same_return(
        self, stages: Callable[[Any], Stage], remote: Any, seed: int
    ) -> None:
        if not registry.load(self.system).capabilities.webhook:
            pytest.skip("this system sends no webhooks")
        chance = random.Random(seed)
        pushes = self.pushes(remote)
        assert len(pushes) > 1
        straight = self.ended(stages(remote), remote, pushes, lambda: True)
        shuffled = pushes * 2
        chance.shuffle(shuffled)
        assert self.ended(stages(remote), remote, shuffled, lambda: chance.random() < 0.4) == straight

    def ended(
        self, stage: Stage, remote: Any, pushes: list[WebhookRequest], pause: Callable[[], bool]
    ) -> tuple[Return, str]:
        """The return after these pushes, and how it stands with telling it; the hub works wherever there is a pause."""
        if self.shop_return is not None:
            self.begin(stage, remote)
        for request in pushes:
            stage.push(request)
            if pause():
                stage.work()
        stage.work()
        return_id = self.return_id(stage, remote)
        found = stage.document(return_id)
        heard = tuple(replace(source, at=None) for source in found.sources)  # when it was heard of is another matter
        return replace(found, sources=heard), stage.telling(return_id).state
