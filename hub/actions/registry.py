"""Everything that a person may do, each in one place: fields, permission, words, and what carries it out.

Pages, API (`POST /api/actions/<name>`) and command line (`hub do`) are read off this table, and all go through
`perform`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hub.actions.action import Action, Fields, Table, Tools
from hub.actions.fields import (
    DECISIONS,
    AccountName,
    Beside,
    ChoiceField,
    DecisionField,
    Id,
    NoteField,
    Objects,
    ReturnNumber,
    Round,
    TextField,
)
from hub.model.schema.bindings import Name
from hub.store import accounts

_TABLE = Table()
ACTIONS: Mapping[str, Action] = _TABLE


def perform(tools: Tools, name: str, data: Any, who: str) -> str | None:
    """Do it; what it says itself, for `Action.says`. Raises LookupError (there is no such action), Wrong (what was sent
    is not right), else NotNow, LookupError or ValueError with a letter."""
    action = ACTIONS.get(name)
    if action is None:
        raise LookupError(f"there is no action {name!r}; there are {', '.join(ACTIONS)}")
    return action.run(tools, who, **action.read(data))


# -- what is asked again, stopped or compared


@_TABLE.action(
    fields={"id": Id(attribute="inbox_id")},
    permission="operate",
    title=("重放", "Replay"),
    done=("这条消息将重新读取。", "The message is read again."),
)
def replay_inbox(tools: Tools, who: str, inbox_id: int) -> None:
    """Take a message that was not understood up again, with the mapping of today."""
    tools.reconcile.replay([inbox_id])


@_TABLE.action(
    fields={"return": ReturnNumber(attribute="return_id"), "account": AccountName()},
    permission="operate",
    title=("重试", "Try again"),
    done=("将再次同步到这个账号。", "This account is asked again."),
)
def retry_sync(tools: Tools, who: str, return_id: int, account: str) -> None:
    """Tell an account of a return again, also what it refused."""
    tools.dead_letters.retry(return_id, account, who)


@_TABLE.action(
    fields={"id": Id(attribute="intent_id")},
    permission="operate",
    title=("重新发送", "Send again"),
    done=("将重新发送。", "It is sent again."),
)
def resend(tools: Tools, who: str, intent_id: int) -> None:
    """Send a write that waits for a person once more, under the key it had."""
    tools.dead_letters.resend(intent_id, who)


@_TABLE.action(
    fields={"id": Id(attribute="review_id")},
    permission="operate",
    title=("重试", "Try again"),
    done=("正在重试。", "It is tried again."),
)
def again(tools: Tools, who: str, review_id: int) -> None:
    """Answer a question about a write, or about work that the hub could not do: try it again."""
    tools.dead_letters.again(review_id, who)


@_TABLE.action(
    fields={"account": AccountName(), "note": NoteField(load_default="")},
    permission="operate",
    title=("暂停", "Pause"),
    asks=(
        "暂停后不再与这个账号通信，待办事项会一直等待；Webhook 仍照常接收。要暂停吗？",
        "Until somebody resumes it this account is not read and told nothing; webhooks are still taken. Pause it?",
    ),
    done=("已暂停。Webhook 仍照常接收。", "Paused. Webhooks are still taken."),
)
def pause(tools: Tools, who: str, account: str, note: str) -> None:
    """Stop talking to an account: its work waits, webhooks are still taken."""
    with tools.database.begin() as conn:
        accounts.pause(conn, account, note or f"paused by {who}")


@_TABLE.action(
    fields={"account": AccountName()},
    permission="operate",
    title=("恢复", "Resume"),
    done=("已恢复。", "Resumed."),
)
def resume(tools: Tools, who: str, account: str) -> None:
    """Go on with an account where a pause, or missing credentials, stopped."""
    with tools.database.begin() as conn:
        accounts.resume(conn, account)


@_TABLE.action(
    fields={"account": AccountName()},
    permission="operate",
    title=("核对", "Compare"),
    done=(
        "正在逐单核对这个账号与中枢：重新读取 {} 条记录。",
        "The account is compared with the hub, return by return: {} records are read again.",
    ),
)
def reconcile(tools: Tools, who: str, account: str) -> str:
    """Read back all that an account told of open returns, and compare."""
    return str(tools.reconcile.reconcile(account))


# -- what is decided of a write


_GIVEN_UP = (
    "这次写入将不再发送，且不能收回。要放弃吗？",
    "This write is not told any more, and that cannot be taken back. Give it up?",
)


@_TABLE.action(
    fields={"id": Id(attribute="intent_id"), "note": NoteField(load_default="")},
    permission="decide",
    title=("放弃", "Give up"),
    asks=_GIVEN_UP,
    done=("已放弃；退换单上会一直注明。", "Given up; the return says so from now on."),
)
def give_up(tools: Tools, who: str, intent_id: int, note: str) -> None:
    """Do not send a write that waits for a person: it was done by hand, or is not wanted any more."""
    tools.dead_letters.give_up(intent_id, who, note)


@_TABLE.action(
    fields={"id": Id(attribute="review_id"), "note": NoteField(load_default="")},
    permission="decide",
    title=("放弃", "Give up"),
    asks=_GIVEN_UP,
    done=("已记录，不再告知。", "Noted; it is not told again."),
)
def dealt(tools: Tools, who: str, review_id: int, note: str) -> None:
    """Answer a question about a write: it happened, was done by hand, or is not wanted any more."""
    tools.dead_letters.dealt(review_id, who, note)


# -- which records are one return


@_TABLE.action(
    fields={"a": ReturnNumber(attribute="one"), "b": ReturnNumber(attribute="two")},
    permission="decide",
    title=("合并", "Link"),
    done=("已合并：两张单是同一张退换单 {}。", "Linked: the two are one return, {}."),
)
def link(tools: Tools, who: str, one: int, two: int) -> str:
    """Two returns are one; the older number survives."""
    return f"R{tools.people.link(one, two, who)}"


@_TABLE.action(
    fields={"id": Id(attribute="review_id")},
    permission="decide",
    title=("都不是", "It is none of them"),
    done=("已确认：仍是两张退换单。", "They stay two returns."),
)
def keep_apart(tools: Tools, who: str, review_id: int) -> None:
    """Answer which return it is: none of those that the question names."""
    tools.people.apart(review_id, who)


@_TABLE.action(
    fields={"return": ReturnNumber(attribute="return_id"), "objects": Objects()},
    permission="decide",
    title=("拆分", "Split"),
    asks=(
        "所选对象会成为一张新的退换单，今后也不再自动归入本单。要拆分吗？",
        "What is chosen becomes a return of its own, and is never put with this one again by itself. Split?",
    ),
    done=("已拆分：这些对象成为新的退换单 {}。", "Split: these objects are a new return, {}."),
)
def split(tools: Tools, who: str, return_id: int, objects: list[Name]) -> str:
    """Objects of a return are another one."""
    return f"R{tools.people.split(return_id, objects, who)}"


@_TABLE.action(
    fields={"return": ReturnNumber(attribute="return_id")},
    permission="decide",
    title=("确属本单", "It belongs here"),
    done=("已确认：属于本单。", "Confirmed: it belongs here."),
)
def confirm(tools: Tools, who: str, return_id: int) -> None:
    """What is bound to a return without proof does belong to it."""
    tools.people.confirm(return_id, who)


@_TABLE.action(
    fields={"act": Id(attribute="entry_id")},
    permission="decide",
    title=("撤销合并", "Take the link back"),
    done=("已撤销：{} 重新成为单独的退换单。", "Undone: {} is a return of its own again."),
)
def undo(tools: Tools, who: str, entry_id: int) -> str:
    """Take back the link that an entry of the journal records."""
    return f"R{tools.people.undo(entry_id, who)}"


# -- what is said of a return


def _typed(fields: Fields) -> Fields:
    """The choice, with what was typed beside it."""
    typed = fields.pop("typed")
    return {**fields, "choice": f"{fields['choice']}:{typed}" if typed else fields["choice"]}


@_TABLE.action(
    fields={
        "return": ReturnNumber(attribute="return_id"),
        "question": TextField(),
        "choice": ChoiceField(),
        "typed": Beside(load_default=""),
    },
    permission="decide",
    title=("回答", "Answer"),
    done=("已回答，等待它的事项继续进行。", "Answered. What waited for it goes on."),
    join=_typed,
)
def answer(tools: Tools, who: str, return_id: int, question: str, choice: str) -> None:
    """Answer what freezes a return, by one of the choices that its discrepancy offers."""
    tools.answering.answer(return_id, question, choice, who)


@_TABLE.action(
    fields={"return": ReturnNumber(attribute="return_id"), "act": TextField()},
    permission="decide",
    title=("收回", "Take it back"),
    done=("已收回，会再次询问。", "Taken back: it is asked again."),
)
def take_back(tools: Tools, who: str, return_id: int, act: str) -> None:
    """Take an answer back: what it answered is asked again."""
    tools.answering.take_back(return_id, act, who)


def _words(fields: Fields) -> Fields:
    """A fragment: the decision on the claim that the person saw, and the note beside it."""
    axis, value, _label = DECISIONS[fields["decision"]]
    at = datetime.now(UTC).isoformat()
    words: Fields = {axis: {"value": value, "round": fields["round"], "at": at}}
    if note := fields["note"]:
        words["notes"] = [{"id": uuid4().hex, "text": note, "speaker": "merchant", "at": at}]
    return {"return_id": fields["return_id"], "words": words}


@_TABLE.action(
    fields={
        "return": ReturnNumber(attribute="return_id"),
        "decision": DecisionField(),
        "round": Round(load_default=1),
        "note": NoteField(load_default=""),
    },
    permission="decide",
    title=("处理", "Decide"),
    done=("已记录；会告知所有应当知道的系统。", "Noted; whoever should know is told."),
    join=_words,
)
def decide(tools: Tools, who: str, return_id: int, words: Mapping[str, Any]) -> None:
    """Decide on a return (authorize, reject, close ...), on the round that was seen, with a note where there is one."""
    tools.people.decide(return_id, words, who)


# -- what a person asks about their data


@_TABLE.action(
    fields={"id": Id(attribute="review_id")},
    permission="privacy",
    title=("执行请求", "Carry it out"),
    asks=(
        "执行后这项请求即告完成；若是删除请求，个人资料将永久删除，无法恢复。要执行吗？",
        "This ends the request; where it asks to erase, the person is erased for good. Carry it out?",
    ),
    done=("已完成，该请求已处理；删除涉及 {} 条记录。", "Done; the request is answered; erased from {} records."),
)
def carry_out(tools: Tools, who: str, review_id: int) -> str:
    """Carry out what a system asks about a person's data, or note that the person was answered."""
    return str(tools.privacy.carry_out(review_id, who))
