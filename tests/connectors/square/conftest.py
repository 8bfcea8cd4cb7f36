"""A hub worked off by hand, as the pipeline's tests have it."""

from tests.pipeline.conftest import connect, deliver, hub, post, shop, stock, work

__all__ = ["connect", "deliver", "hub", "post", "shop", "stock", "work"]
