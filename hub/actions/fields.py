"""What an action is told: its fields read from a form, a JSON object or a command line, every error with its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub.model.language.labels import Label
from hub.model.language.spelling import return_number

LONGEST_NOTE = 2000
LONGEST_TEXT = 500
LARGEST_ID = 2**63 - 2
LARGEST_ROUND = 2**31 - 1

DECISIONS: Mapping[str, tuple[str, str, Label]] = {
    "authorize": ("authorization", "authorized", ("审核通过", "Authorise")),
    "needs_info": ("authorization", "needs_info", ("要求补充", "Ask for more")),
    "reject": ("authorization", "rejected", ("驳回", "Reject")),
    "cancel": ("authorization", "cancelled", ("取消", "Cancel")),
    "accept_goods": ("acceptance", "accepted", ("验收通过", "Accept the goods")),
    "refuse_goods": ("acceptance", "rejected", ("验收不通过", "Refuse the goods")),
    "close": ("closure", "closed", ("结案", "Close")),
    "reopen": ("closure", "open", ("重新打开", "Reopen")),
}
"""What a person may decide on a return: the axis, its value, and the button's words."""

WRONG: Mapping[str, Label] = {
    "required": ("缺少", "is missing"),
    "unknown": ("不是这个操作的字段", "is no field of this action"),
    "object": ("应为由字段组成的 JSON 对象", "must be a JSON object of fields"),
    "return": ("不是退换单号，应形如 R1001", "is no return; write its number, such as R1001"),
    "id": ("应为正整数编号", "must be a number that the hub gave, such as 7"),
    "text": (f"应为 1 至 {LONGEST_TEXT} 个可显示的字符", f"must be text of 1 to {LONGEST_TEXT} printable characters"),
    "beside": (f"应为文本，最多 {LONGEST_TEXT} 个字符", f"must be text of at most {LONGEST_TEXT} characters"),
    "note": (f"应为文本，最多 {LONGEST_NOTE} 个字符", f"must be text of at most {LONGEST_NOTE} characters"),
    "objects": (
        "请选择属于另一张退换单的对象，写作“账号/类型/编号”，例如 web/return/return_01M8",
        "must choose the objects that belong to the other return, each written account/stream/id, such as"
        " web/return/return_01M8",
    ),
    "decision": (f"应为其中之一：{', '.join(DECISIONS)}", f"must be one of {', '.join(DECISIONS)}"),
    "round": ("应为从 1 起的整数", "must be a whole number from 1"),
}
"""What can be wrong with a field: (zh, en), said behind its name."""


class Wrong(ValueError):
    """What was sent is not what the action needs; `errors` holds every field and the codes of what is wrong with it."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = errors
        super().__init__(self.letter())

    def letter(self, language: str = "en") -> str:
        """One sentence for a person that names every field."""
        return "; ".join(f"{name} {why}".strip() for name, whys in self.each(language).items() for why in whys)

    def each(self, language: str = "en") -> dict[str, list[str]]:
        """What is wrong, by field."""
        at = 0 if language.startswith("zh") else 1
        return {name: [WRONG[code][at] for code in codes] for name, codes in self.errors.items()}


class ActionField(fields.Field[Any]):
    """A field whose every error is one code of WRONG; `kind` is what the API calls its type."""

    kind: str = "text"
    wrong: str = "text"
    many = False
    one_of: tuple[str, ...] = ()

    def __init__(self, **more: Any) -> None:
        more.setdefault("required", "load_default" not in more)
        super().__init__(error_messages={"required": "required", "null": "required"}, **more)

    def refuse(self) -> ma.ValidationError:
        return ma.ValidationError(self.wrong)


class ReturnNumber(ActionField):
    """A return's number as people write it: R1001, r-1001, 1001, or the whole number."""

    kind = wrong = "return"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        found = return_number(f"R{text}" if text[:1].isdigit() else text)
        if found is None:
            raise self.refuse()
        return int(found[1:])


class Id(ActionField):
    """The number of something that the database keeps: a write, a question, a message, an entry of the journal."""

    kind = wrong = "id"
    most = LARGEST_ID

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= self.most):
            raise self.refuse()
        return int(text)


class Round(Id):
    """The round of a return that the person saw."""

    kind = wrong = "round"
    most = LARGEST_ROUND


class TextField(ActionField):
    """A name, or what names something: printable and not too long."""

    shortest, longest = 1, LONGEST_TEXT

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = value.strip() if isinstance(value, str) else None
        if text is None or not self.shortest <= len(text) <= self.longest or not self.fits(text):
            raise self.refuse()
        return text

    def fits(self, text: str) -> bool:
        return text.isprintable()


class AccountName(TextField):
    kind = "account"


class ChoiceField(TextField):
    """The word of an answer, as the question offers it (`of:R1002`); what is typed beside it is `Beside`."""

    kind = "choice"


class Beside(TextField):
    """What a person typed beside a choice that wants it, such as an amount."""

    wrong = "beside"
    shortest = 0


class NoteField(TextField):
    """What a person wants to have said with it; lines and tabs are theirs."""

    kind = wrong = "note"
    shortest, longest = 0, LONGEST_NOTE

    def fits(self, text: str) -> bool:
        return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text)


class DecisionField(TextField):
    """One of DECISIONS."""

    kind = wrong = "decision"
    one_of = tuple(DECISIONS)

    def fits(self, text: str) -> bool:
        return text in DECISIONS


class Objects(ActionField):
    """Records that belong together, each as account/stream/id; one or a list of them."""

    kind = wrong = "objects"
    many = True

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[tuple[str, str, str]]:
        chosen = [value] if isinstance(value, str) else value
        if not isinstance(chosen, list) or not chosen or not all(isinstance(text, str) for text in chosen):
            raise self.refuse()
        names = [tuple(text.split("/", 2)) for text in chosen]
        if not all(len(name) == 3 and all(name) and "".join(name).isprintable() for name in names):
            raise self.refuse()
        return names
