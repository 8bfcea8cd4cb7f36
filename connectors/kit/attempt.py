"""One attempt of a write: whether anything of it may stand over there.

The session that sends (http.py) keeps it, so a connector cannot forget it: every request that changes something leaves
a mark before its first byte does, and the mark goes only with an answer that proves that this request did nothing
(answers.did_nothing). While one stands, whatever fails later in the attempt is an unknown outcome.
"""

from __future__ import annotations


class Attempt:
    """What one attempt has sent. Not shared between threads."""

    def __init__(self) -> None:
        self._standing = 0

    @property
    def changed(self) -> bool:
        """Whether a request that changes something has left, and nobody proved that it did nothing."""
        return self._standing > 0

    def leaves(self) -> None:
        """A changing request is about to be sent."""
        self._standing += 1

    def did_nothing(self) -> None:
        """The request that left last was refused, or never left: its own mark goes, those of earlier ones stay."""
        self._standing -= 1

    def undone(self) -> None:
        """The connector has looked: of all that it sent in this attempt nothing stands (its draft is dropped again)."""
        self._standing = 0
