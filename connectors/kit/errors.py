"""What can go wrong with another system, named by what happens next.

ConnectorError
  RetryLater        ask again later; nothing was changed, or the call is safe to repeat
    RateLimited     the same, because we asked too often
      OverBudget    the account's own budget says so; the system was not asked
    NotYet          this record is not ready for it; the system itself is well
  Rejected          they understood and said no: a dead letter, a person decides
    Conflict        the record changed meanwhile: read again, plan again
    NotFound        no such record there (a `fetch` makes a deleted Message of it)
  Unauthorized      our credentials are not accepted: the account pauses, a person renews them
  InvalidWebhook    not genuine: 401, nothing is stored
    Unsigned        the same, without any signature: perhaps a stranger's
  Unsupported       this system cannot do that: undeliverable, never retried
  HubFailed         what the hub does for a call failed (its budget, its grant): again later, it is nobody's record
  OutcomeUnknown    a write was sent and no answer came: look before anything is repeated
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Something between us and another system did not work; the text is written for operators."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class RetryLater(ConnectorError):
    """The system cannot answer now. `after` is the wait it asked for, in seconds, if it named one."""

    def __init__(self, message: str = "", *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class RateLimited(RetryLater):
    """We asked too often; the system or the account's own budget wants a pause."""


class OverBudget(RateLimited):
    """The account's own budget is used up for a moment. Nothing was sent, so it says nothing of the system."""


class NotYet(RetryLater):
    """The record is not ready for this (a queue works on it, a person has it open); the system itself is well."""


class Rejected(ConnectorError):
    """The system understood and refused. `code` is its own word for the reason, where it has one."""

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Conflict(Rejected):
    """The record changed since we read it: the plan is made again from a fresh read, no person is asked."""


class NotFound(Rejected):
    """There is no such record."""


class Unauthorized(ConnectorError):
    """The credentials are not accepted; renew them in the account's settings. `code`: 401 or 403, where known."""

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class InvalidWebhook(ConnectorError):
    """The request does not prove that it comes from the system it names."""


class Unsigned(InvalidWebhook):
    """The request bears no signature at all: a stranger's, or signing is turned off over there."""


class Unsupported(ConnectorError):
    """This system cannot do that."""


class OutcomeUnknown(ConnectorError):
    """The request left and no answer came; the system may or may not have done it."""


class HubFailed(ConnectorError):
    """What the hub itself does in the middle of a call (a budget, a grant) failed; its log says how. Nothing was sent
    by that, and it says nothing of the system or of the record that is being read."""
