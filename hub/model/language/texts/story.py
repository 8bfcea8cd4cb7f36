"""What changed in a return, one short sentence each, as the journal tells it."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "because": ("{records}", "{records}"),
    "recomputed": ("重新计算", "recomputed"),
    "new_return": ("新退换单 {number}", "new return {number}"),
    "status": ("状态：{status:status}", "status {status:status}"),
    "axis": ("{axis:axes}：{value:axis}[（{account}）]", "{axis:axes} {value:axis}[ (by {account})]"),
    "line": ("{line} × {quantity}[，{reason:reason}]", "line {line} x {quantity}[, {reason:reason}]"),
    "line_now": ("{line} 改为 {quantity} 件", "line {line} now x {quantity}"),
    "line_reason": ("{line} 的原因：{reason:reason}", "line {line}: reason now {reason:reason}"),
    "line_found": ("{line} 的判定原因：{reason:reason}", "line {line}: found to be {reason:reason}"),
    "line_resolution": (
        "{line} 的处理方式：{resolution:resolution}",
        "line {line}: resolution now {resolution:resolution}",
    ),
    "fact": (
        "{event:event}：[{goods} ][{number} ][{quantity} 件][{amount} ]{word:table}"
        "[，{posting:posting}][，{location}][（{who}）]",
        "{event:event}[ {number}][ {quantity}][ x {goods}][ {amount}] {word:table}"
        "[ {posting:posting}][ at {location}][ ({who})]",
    ),
    "fact_now": (
        "{event:event}更新：[{goods} ][{number} ][{quantity} 件][{amount} ]{word:table}"
        "[，{posting:posting}][，{location}]",
        "{event:event} now[ {number}][ {quantity}][ x {goods}][ {amount}] {word:table}"
        "[ {posting:posting}][ at {location}]",
    ),
    "discrepancy": ("{kind:discrepancy}：{about}", "discrepancy {kind:discrepancy}: {about}"),
    "account_removed": (
        "账号“{account}”已移除，其无法读取的记录已归档，不再等待",
        "the account {account} was removed: what of it could not be read is in the archive and waited for no more",
    ),
    "resolved": ("已解决：{kind:discrepancy}", "resolved: {kind:discrepancy}"),
}
