"""Every page of the console and answer of the API, as they are asked for at a million returns."""

from __future__ import annotations

PAGES = (
    "/",
    "/metrics",
    "/returns",
    "/returns?status=completed",
    "/returns?status=requested",
    "/returns?discrepant=1",
    "/returns?unbound=1",
    "/returns?q=R500000",
    "/returns?q=ret-500000",
    "/returns?q=mug",
    "/returns?q=nowhere",
    "/returns/R{one}",
    "/sync",
    "/sync?state=blocked&account=erp",
    "/sync?state=awaiting",
    "/sync?state=in_sync&account=web",
    "/sync/log",
    "/sync/log?account=web",
    "/sync/log?outcome=Rejected",
    "/sync/log/{call}",
    "/invalid",
    "/dead",
    "/review",
    "/review?state=answered",
    "/api/returns?limit=200",
    "/api/returns/R{one}",
    "/api/returns/R{one}/story",
    "/api/accounts",
    "/api/actions",
    "/health",
)
"""Every page and answer of the console, with some of what may be asked of it."""
