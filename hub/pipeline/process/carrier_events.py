"""What carriers tell of a return's parcels in records that belong to another return."""

from __future__ import annotations

from collections.abc import Collection

from hub.model.merge.goods.parcels import another
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import Observation
from hub.store import observations, parcels
from hub.store.database import Connection


def of_returns(conn: Connection, return_ids: Collection[int]) -> list[tuple[int, Observation]]:
    """(return, record), not those of a parcel that only has the same number, of a carrier that another return names."""
    found = parcels.guests(conn, return_ids)
    if not found:
        return []
    known = observations.of_objects(conn, parcels.beside(conn, (name for _, name in found)))
    current = [one for one in known.values() if one.return_id and not one.observation.gone]

    def fragments(return_id: int, *, its: bool) -> list[Fragment]:
        return [one.observation.fragment for one in current if (one.return_id == return_id) is its]

    return [
        (return_id, known[name].observation)
        for return_id, name in found
        if not another(
            known[name].observation.fragment, fragments(return_id, its=True), fragments(return_id, its=False)
        )
    ]
