"""GraphQL over HTTP: documents from .graphql files, errors by what happens next, connections to their last page.

A GraphQL system answers 200 to nearly everything. What went wrong stands in the body: `errors` at the top (throttled,
no access, a wrong id, a bug of ours), or `userErrors` beside a mutation's result (a business rule said no).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from connectors.kit.answers import Response
from connectors.kit.errors import (
    ConnectorError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
)
from connectors.kit.http import SUCCESS, Http
from connectors.kit.paging import MOST, Guard

DEFINITION = re.compile(r"^(query|mutation|fragment)\s+(\w+)", re.MULTILINE)
SPREAD = re.compile(r"\.\.\.\s*(?!on\b)(\w+)")
COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)

Meaning = Callable[[str, str, Response], ConnectorError]
"""(text, their code, the answer) -> the error by what happens next."""


def rejected(text: str, code: str, answer: Response) -> ConnectorError:
    return Rejected(text, code=code)


def broke(text: str, code: str, answer: Response) -> ConnectorError:
    """A bug or a time-out over there: a read is asked again, a write is looked for."""
    return RetryLater(text) if answer.read else OutcomeUnknown(text)


MEANINGS: Mapping[str, Meaning] = {
    "THROTTLED": lambda text, code, answer: RateLimited(text, after=wait_of(answer.peek()) or answer.retry_after),
    "ACCESS_DENIED": lambda text, code, answer: Unauthorized(f"{text} (give the app the missing right)", code="403"),
    "UNAUTHENTICATED": lambda text, code, answer: Unauthorized(text, code="401"),
    "RESOURCE_NOT_FOUND": lambda text, code, answer: NotFound(text, code=code),
    "NOT_FOUND": lambda text, code, answer: NotFound(text, code=code),
    "INTERNAL_SERVER_ERROR": broke,
    "INTERNAL_ERROR": broke,
    "TIMEOUT": broke,
}
"""What a code means, at the top and among user errors; every other one is Rejected."""


@dataclass(frozen=True, slots=True)
class Document:
    """One operation with all the fragments it needs. `kind`: query or mutation."""

    name: str
    kind: str
    text: str


def documents(folder: Path) -> dict[str, Document]:
    """The operations in a folder's .graphql files, by name. Each definition begins its line; fragments are shared."""
    texts: dict[str, tuple[str, str]] = {}
    for file in sorted(folder.glob("*.graphql")):
        source = COMMENT.sub("", file.read_text("utf-8"))
        found = list(DEFINITION.finditer(source))
        ends = [*(following.start() for following in found[1:]), len(source)]
        for head, end in zip(found, ends, strict=True):
            if head[2] in texts:
                raise ValueError(f"{file.name}: there are two definitions of {head[2]}")
            texts[head[2]] = (head[1], source[head.start() : end].strip())
    return {name: _document(name, texts) for name, (kind, _) in texts.items() if kind != "fragment"}


class Lost(NamedTuple):
    """A member of a list that they could not tell, or only in part; `record` is what there is of it."""

    error: ConnectorError
    record: Any


class Graph:
    """Asks one endpoint. `meanings` are the vendor's own codes, before those of this module."""

    def __init__(
        self, http: Http, path: str, known: Mapping[str, Document], meanings: Mapping[str, Meaning] | None = None
    ) -> None:
        self.http = http
        self.path = path
        self.known = known
        self.meanings = {**MEANINGS, **(meanings or {})}

    def ask(self, name: str, *, read: bool | None = None, **variables: Any) -> dict[str, Any]:
        """The `data` of one document's answer. Raises ConnectorError, also for what came with status 200.

        `read`: whether it may be repeated at once (default: queries, never mutations).
        """
        document = self.known[name]
        answer = self.http.post(
            self.path,
            json={"query": document.text, "operationName": name, "variables": variables},
            read=document.kind == "query" if read is None else read,
            classify=self.classify,
        )
        data: dict[str, Any] = answer.json()["data"]
        return data

    def each(self, name: str, where: str, **variables: Any) -> list[Any]:
        """The members of the list at `where`; in place of one that they could not tell stands its error.

        GraphQL answers in parts: an error has the path of what it is about. Raises what is not about a single member.
        """
        found, _ = self._listed(name, where, variables)
        if not isinstance(found, list):
            raise RetryLater(f"{self.http.name} answered {name} with something else; is a cache in between?")
        return [member.error if isinstance(member, Lost) else member for member in found]

    def page(self, name: str, where: str, **variables: Any) -> tuple[list[Any], str | None]:
        """One page of the connection at `where`, and where the next one begins, if there is. A node that they could not
        tell, or only in part, is Lost."""
        found, data = self._listed(name, f"{where}.nodes", variables)
        info = (_at(data, where) or {}).get("pageInfo") or {}
        return found or [], info["endCursor"] if info.get("hasNextPage") else None

    def pages(self, name: str, where: str, *, most: int = MOST, **variables: Any) -> Iterator[list[Any]]:
        """The nodes of a connection, page by page. `where` leads to it ("order.lineItems"); the document has $after.

        Raises where one of them could not be told.
        """
        guard = Guard(most)
        after: str | None = variables.pop("after", None)
        while True:
            guard.next(after)
            found, after = self.page(name, where, after=after, **variables)
            for node in found:
                if isinstance(node, Lost):
                    raise node.error
            if found or after is not None:
                yield found
            if after is None:
                return

    def _listed(self, name: str, where: str, variables: Mapping[str, Any]) -> tuple[Any, Any]:
        path = where.split(".")
        answer = self.http.post(
            self.path,
            json={"query": self.known[name].text, "operationName": name, "variables": variables},
            read=True,
            classify=lambda answer: None if _in_parts(answer.peek(), path) else self.classify(answer),
        )
        body = answer.json()
        try:
            found = _at(body["data"], where)
        except (KeyError, TypeError) as problem:
            text = f"{self.http.name} answered {name} with something else; is a cache in between?"
            raise RetryLater(text) from problem
        for error in listed(body.get("errors")):
            at = error["path"][len(path)]
            record = found[at].record if isinstance(found[at], Lost) else found[at]
            found[at] = Lost(self._error(str(error.get("message")), _code(error), answer, [error]), record)
        return found, body["data"]

    def classify(self, answer: Response) -> ConnectorError | None:
        """The first error in a body that came with 2xx; other statuses mean what HTTP says."""
        if answer.status not in SUCCESS:
            return None
        body = answer.peek()
        said = body if isinstance(body, dict) else {}
        errors = listed(said.get("errors"))
        for error in errors:
            code = _code(error)
            if not answer.read and began(said.get("data"), errors, code in self.meanings):
                text = f"{answer.system}: {error.get('message')} [{code or 'no code'}] came after it had begun"
                return OutcomeUnknown(text)
            return self._error(str(error.get("message")), code, answer, errors)
        data = said.get("data")
        if not isinstance(data, dict):
            return broke(f"{answer.system} answered {answer.status} without data: {answer.message()}", "", answer)
        for root, result in data.items():
            refused = result.get("userErrors") if isinstance(result, dict) else None
            if refused:
                text = f"{root}: {refused[0].get('message')} ({'.'.join(refused[0].get('field') or ['-'])})"
                code = str(refused[0].get("code") or "")
                brought = any(value for name, value in result.items() if name != "userErrors")
                if brought and not answer.read and code not in self.meanings:
                    return OutcomeUnknown(f"{answer.system}: {text} came beside a result")
                return self._error(text, code, answer, refused)
        return None

    def _error(self, text: str, code: str, answer: Response, all_of_them: Any) -> ConnectorError:
        more = f" and {len(all_of_them) - 1} more" if len(all_of_them) > 1 else ""
        return self.meanings.get(code, rejected)(f"{answer.system}: {text}{more} [{code or 'no code'}]", code, answer)


def _code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions") or {}
    return str(extensions.get("code") or ("THROTTLED" if error.get("message") == "Throttled" else ""))


def _at(data: Any, where: str) -> Any:
    """What stands there; None where something on the way is null. Raises KeyError and TypeError."""
    for step in where.split("."):
        data = data[step] if data is not None else None
    return data


def _in_parts(body: Any, path: Sequence[str]) -> bool:
    """Whether each error is about one member of the list at this path, and the list is there beside it."""
    try:
        errors, found = listed(body["errors"]), _at(body["data"], ".".join(path))
        return (
            isinstance(found, list)
            and all(
                error["path"][: len(path)] == path and error["path"][len(path)] in range(len(found)) for error in errors
            )
            and not any(_code(error) == "THROTTLED" for error in errors)
        )
    except (KeyError, TypeError, IndexError):
        return False


def listed(errors: Any) -> list[dict[str, Any]]:
    """`errors` as the specification has it: a gateway in front may say one text, or a list of texts."""
    found = errors if isinstance(errors, list) else [errors] if errors else []
    return [error if isinstance(error, dict) else {"message": str(error)} for error in found]


def began(data: Any, errors: list[dict[str, Any]], understood: bool) -> bool:
    """Whether a mutation with these errors may have been carried out.

    An error on a field of its result, or beside one, came after the change (GraphQL specification, October 2021, 6.4.4
    and 7.1); so may one of the mutation itself that nobody understands. One without a path is of the request: nothing
    was executed.
    """
    paths = [error.get("path") or [] for error in errors]
    changed = isinstance(data, dict) and any(result is not None for result in data.values())
    return changed or any(len(path) > 1 for path in paths) or (any(paths) and not understood)


def wait_of(body: Any) -> float | None:
    """Seconds until a throttled call can be afforded, from `extensions.cost`; None where it does not say."""
    try:
        cost = body["extensions"]["cost"]
        bucket = cost["throttleStatus"]
        lacking = float(cost["requestedQueryCost"]) - float(bucket["currentlyAvailable"])
        return max(lacking, 1.0) / float(bucket["restoreRate"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _document(name: str, texts: Mapping[str, tuple[str, str]]) -> Document:
    wanted, parts = [name], []
    for needed in wanted:
        if needed not in texts:
            raise ValueError(f"{name} spreads {needed}, and no .graphql file defines it")
        parts.append(texts[needed][1])
        wanted += [other for other in dict.fromkeys(SPREAD.findall(texts[needed][1])) if other not in wanted]
    return Document(name, texts[name][0], "\n".join(parts) + "\n")
