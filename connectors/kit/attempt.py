"""One attempt of a write: whether anything of it may stand over there.

The session that sends (http.py) keeps it, so a connector cannot forget it: every request that changes something leaves
a mark before its first byte does, and the mark goes only with an answer that proves that this request did nothing
(answers.did_nothing). While one stands, whatever fails later in the attempt is an unknown outcome.
"""

from __future__ import annotations

DEFAULT = "default"
"""The budget that every request takes from unless its call names another."""


class Attempt:
    """What one attempt has sent. Not shared between threads.

    `paid`: requests of the account's `default` budget that were taken for it before it began.
    """

    def __init__(self, paid: int = 0) -> None:
        self.paid = paid
        self.requests = 0
        """Requests of that budget so far, those of earlier steps of the same operation included."""
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

    def pays(self, bucket: str) -> bool:
        """A request is about to be made: whether it is paid for already."""
        if bucket != DEFAULT:
            return False
        self.requests += 1
        self.paid -= 1
        return self.paid >= 0

    def next_step(self) -> Attempt:
        """The attempt of the operation's next step: a new one, with what is left in the purse."""
        step = Attempt(max(0, self.paid))
        step.requests = self.requests
        return step
