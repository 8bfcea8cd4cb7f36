"""An action: something that a person may do, by whatever door. The table of all of them: `registry.py`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, get_args

import marshmallow as ma

from hub.actions.answering import Answering
from hub.actions.dead_letters import DeadLetters
from hub.actions.fields import ActionField, Wrong
from hub.actions.people import People
from hub.actions.privacy import Privacy
from hub.actions.reconcile import Reconcile
from hub.model.language.labels import Label
from hub.store.database import Database

Permission = Literal["operate", "decide", "privacy"]
"""What kind of trust an action asks for. Nobody checks it: there are no users yet.

operate: asks again, stops, goes on; nothing of a return is decided by it.
decide: says what a return is, or what becomes of it: its money and goods may follow.
privacy: carries out what a person may ask about their data.
"""
PERMISSIONS: tuple[str, ...] = get_args(Permission)

Fields = dict[str, Any]


class Tools(Protocol):
    """What actions are carried out with; `hub.boot.Hub` has them all."""

    @property
    def people(self) -> People: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def answering(self) -> Answering: ...
    @property
    def privacy(self) -> Privacy: ...
    @property
    def reconcile(self) -> Reconcile: ...
    @property
    def database(self) -> Database: ...


class _Schema(ma.Schema):
    error_messages = {"unknown": "unknown", "type": "object"}


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action. Its texts are (zh, en)."""

    name: str
    fields: Mapping[str, ActionField]
    permission: Permission
    title: Label
    """What the button says where a page has no better word."""
    done: Label
    """What a person reads afterwards; what the action itself says stands in the place of `{}`."""
    asks: Label | None
    """What is asked before it is done: of what cannot be taken back, or stops something."""
    help: str
    """One English sentence for the API and the command line."""
    run: Callable[..., str | None]
    """`run(tools, who, **fields)`; raises NotNow, LookupError or ValueError with a letter."""
    join: Callable[[Fields], Fields]
    """Makes of the fields that were read what `run` takes."""

    @cached_property
    def schema(self) -> ma.Schema:
        return _Schema.from_dict(dict(self.fields), name=self.name)()

    def read(self, data: Any) -> Fields:
        """The arguments of `run`. Raises Wrong with every field that is not right."""
        try:
            found: Fields = self.schema.load(data)
        except ma.ValidationError as problem:
            raise Wrong(self._codes(problem.messages_dict)) from problem
        return self.join(found)

    def _codes(self, problems: Mapping[str, Any]) -> dict[str, list[str]]:
        """The codes by field, in the order of the fields; what is wrong with the whole has no name."""
        known = [name for name in self.fields if name in problems]
        names = [*known, *sorted(problems.keys() - set(known))]
        return {"" if name == ma.exceptions.SCHEMA else _named(name): list(problems[name]) for name in names}

    def gather(self, given: Iterable[tuple[str, str]]) -> Fields:
        """Pairs of texts, of a form or a command line, as the object that the API would be sent."""
        data: Fields = {}
        for name, text in given:
            if name in self.fields and self.fields[name].many:
                data.setdefault(name, []).append(text)
            else:
                data[name] = text
        return data

    def says(self, said: str | None, language: str = "en") -> str:
        """What a person reads afterwards."""
        text = self.done[0 if language.startswith("zh") else 1]
        return text.replace("{}", said or "?") if "{}" in text else said or text

    def described(self) -> dict[str, Any]:
        """The action for a program that has never heard of it."""
        return {
            "name": self.name,
            "help": self.help,
            "permission": self.permission,
            "fields": [_described(name, field) for name, field in self.fields.items()],
            **{text: _both(getattr(self, text)) for text in ("title", "done", "asks")},
        }


def _named(field: str) -> str:
    """A field's name as it can be shown: one that is none of ours is whatever was sent."""
    short = field[:100]
    return short if short and short.isprintable() else ascii(short)


def _described(name: str, field: ActionField) -> dict[str, Any]:
    shape: dict[str, Any] = {"name": name, "type": field.kind, "required": field.required, "many": field.many}
    if not field.required:
        shape["default"] = field.load_default
    if field.one_of:
        shape["one_of"] = list(field.one_of)
    return shape


def _both(label: Label | None) -> dict[str, str] | None:
    return None if label is None else {"zh": label[0], "en": label[1]}


def as_it_is(fields: Fields) -> Fields:
    """What was read is what is taken."""
    return fields


Run = Callable[..., str | None]


class Table(dict[str, Action]):
    """Actions by name."""

    def action(
        self,
        *,
        fields: Mapping[str, ActionField],
        permission: Permission,
        title: Label,
        done: Label,
        asks: Label | None = None,
        join: Callable[[Fields], Fields] = as_it_is,
    ) -> Callable[[Run], Run]:
        """The function below is an action of this name; the first line of its docstring is its help."""

        def add(run: Run) -> Run:
            self[run.__name__] = Action(
                name=run.__name__,
                fields=fields,
                permission=permission,
                title=title,
                done=done,
                asks=asks,
                help=" ".join((inspect.getdoc(run) or "").split()),
                run=run,
                join=join,
            )
            return run

        return add
