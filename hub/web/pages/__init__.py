"""The console's areas; each file is one blueprint."""

from __future__ import annotations

from hub.web.pages import act, api, health, letters, oauth, overview, returns, review, sync

BLUEPRINTS = (
    overview.blueprint,
    returns.blueprint,
    sync.blueprint,
    letters.blueprint,
    review.blueprint,
    act.blueprint,
    oauth.blueprint,
    api.blueprint,
    health.blueprint,
)
