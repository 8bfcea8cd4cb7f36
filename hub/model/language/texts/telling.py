"""What became of telling an account: the progress guard's reasons, unknown outcomes, and their lines in the journal."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "money_not_shown": (
        "对方答复已完成，但它的记录里看不到；为避免重复付款，不会再次发送，请人工确认",
        "it was answered as done and their records do not show it: money is never sent twice on a guess",
    ),
    "done_often": (
        "一天内已执行 {count} 次，对方始终没有生效，请人工查看",
        "it was done {count} times within a day and is not there; a person has to look",
    ),
    "done_before": (
        "执行过但没有生效，会隔更长时间再试",
        "it was done before and did not stick; tried again with growing waits",
    ),
    "over_budget": (
        "{account} 的调用频率有上限，轮到时再通知",
        "{account} is called no faster than its budget allows; it is told when its turn comes",
    ),
    "not_found_yet": (
        "没有收到答复，对方那里也还没有找到，会再查一次",
        "no answer, and not found there yet; it is looked for once more",
    ),
    "looked_twice": (
        "查了两次都没有找到；为避免重复付款，不会再次发送",
        "looked twice and did not find it; money is never sent twice on a guess",
    ),
    "cannot_look": (
        "这个系统无法查询是否已经执行",
        "this system offers no way to find out whether it was done",
    ),
    "tried_often": (
        "已发送 {count} 次，每次查询都没有找到",
        "it was sent {count} times and never found there",
    ),
    "refused_later": (
        "先前一次没有答复，后来被拒绝（{message}）；拒绝不能说明先前那次没有生效",
        "an earlier call got no answer and a later one was refused ({message}), which says nothing of the first",
    ),
    "conflicts": (
        "对方 {count} 次答复记录已变更或不存在（{message}）",
        "they answered {count} times that the record had changed or is not there ({message})",
    ),
    "not_taken": (
        "尝试 {count} 次，对方始终没有受理（{message}）",
        "they did not take it, {count} times ({message})",
    ),
    "endless": (
        "步骤太多，没有尽头",
        "it has more steps than any write needs",
    ),
    "unreadable": (
        "对方已答复完成，但它的记录 {record} 读不懂（{why}）；请修正字典后重放该消息",
        "it was answered as done, and its record {record} cannot be understood ({why}); mend the dictionary, then"
        " replay that message",
    ),
    "never_read_back": (
        "对方已答复完成，但一直没有读到它的记录 {records}",
        "it was answered as done, and its records {records} were never read back",
    ),
    "waits_for_record": (
        "对方已答复完成，等待读回记录[ {records}]",
        "it was answered as done; waits for its record[ {records}] to be read back",
    ),
    "under_way": ("“{operation:operation}”正在发送", "{operation:operation} is under way"),
    "not_delivered": (
        "{account}：{number} 的“{operation:operation}”没有送达：{why}。请到 {account} 查看，再在这里答复。",
        "{account}: {operation:operation} for {number} was not delivered: {why}. Look there, then say.",
    ),
    "unknown_outcome": (
        "{account}：{number} 的“{operation:operation}”结果不明：{why}。请到 {account} 查看，再在这里答复。",
        "{account}: {operation:operation} for {number} has an unknown outcome: {why}. Look there, then say.",
    ),
    "told": (
        "已告知 {account}：{operation:operation}[（{detail}）]",
        "told {account}: {operation:operation}[ ({detail})]",
    ),
    "told_in_part": (
        "已告知 {account}：{operation:operation}（部分完成，其余稍后继续）",
        "told {account}: {operation:operation}, in part; what is left of it follows",
    ),
    "left_nothing": (
        "{account}：“{operation:operation}”未完成的部分已撤回（{detail}）",
        "{account}: what {operation:operation} had begun there is taken back ({detail})",
    ),
    "left_open": (
        "{account}：“{operation:operation}”未完成的部分无法撤回，可能仍在对方系统中打开，请在那里撤销：{message}",
        "{account}: what {operation:operation} had begun there could not be taken back and may still be open; drop it "
        "there: {message}",
    ),
    "refusal": (
        "{account} 拒绝了“{operation:operation}”：{message}",
        "{account} refused {operation:operation}: {message}",
    ),
    "no_such_step": (
        "{account} 没有“{operation:operation}”这一步，无法告知：{message}",
        "{account} has no step to {operation:operation}, so it cannot be told: {message}",
    ),
    "no_answer": (
        "{account} 没有答复“{operation:operation}”（{message}），稍后会查询结果",
        "{account}: no answer to {operation:operation} ({message}); it will be looked for",
    ),
    "no_effect": (
        "{account}：“{operation:operation}”没有生效；{why}",
        "{account}: {operation:operation} has no effect there; {why}",
    ),
    "ask_no_effect": ("{number}：{said}", "{number}: {said}"),
}
