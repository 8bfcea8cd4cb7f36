"""`hub` whose workers look by themselves every HUB_TEST_IDLE seconds only; HUB_TEST_DEAF: no wake-up is sent.

python -m tests.cli.slow_workers serve
"""

from __future__ import annotations

import os
from functools import partial

from hub.cli import main, process
from scheduler.threads import Engine

if __name__ == "__main__":
    process.Engine = partial(Engine, idle=float(os.environ["HUB_TEST_IDLE"]))  # type: ignore[misc, assignment]
    if os.environ.get("HUB_TEST_DEAF"):
        process.Listener.start = process.Listener.stop = lambda self: None  # type: ignore[method-assign]
    main()
