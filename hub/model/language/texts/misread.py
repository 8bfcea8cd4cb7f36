"""Why a record cannot be understood, as far as we say so ourselves, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "account_gone": ("账号“{account}”已不存在", "there is no account '{account}' any more"),
    "connect_again": ("请重新连接该账号，然后重放这条消息", "connect it again, then replay the message"),
    "no_object": ("这条记录不是 JSON 对象", "the record is no JSON object"),
    "ask_their_owner": ("请该系统的负责人更正", "ask the system's owner to mend it"),
    "no_section": (
        "映射“{dictionary}”没有“{stream}”这一节",
        "the dictionary '{dictionary}' has no section for '{stream}'",
    ),
    "add_section": ("请补上这一节，然后重放", "add it, then replay"),
    "unknown_word": (
        "{file} 第 {line} 行的表“{table}”没有“{word}”；请补上（或用 * 涵盖其余）",
        "{file}, line {line}: table '{table}' has no entry for '{word}'; add it (or a '*' for all others)",
    ),
    "mend_mapping": ("请修正映射，然后重放这条消息", "mend the mapping, then replay the message"),
    "mend_either": (
        "请修正映射，或在那边更正这条记录，然后重放",
        "mend the mapping or the record over there, then replay",
    ),
    "too_many_bytes": (
        "这条记录有 {count} 字节；中枢最多接受 {most} 字节",
        "the record has {count} bytes; the hub takes {most}",
    ),
    "too_many_parts": (
        "这条记录有 {count} 行商品和事件；中枢最多接受 {most}",
        "the record has {count} lines and facts; the hub takes {most}",
    ),
    "split_record": (
        "请在那边拆分，或人工处理这张退换单：这条记录的内容在这里一概未知",
        "split it over there, or see to this return by hand: nothing of it is known here",
    ),
    "read_again": ("重放时会重新读取", "it is read again when you replay it"),
    "mend_there": ("请在那边更正，或修正连接器清单", "mend it over there, or the manifest"),
}
