"""A connector's level: the highest one all of whose rules, and all of those below, are kept or exempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.kit.grading import evidence
from connectors.kit.grading.evidence import Evidence, Report
from connectors.kit.grading.rules import LEVELS, RULES, Proof, Rule
from connectors.kit.grading.subject import Subject

KEPT, EXEMPT, MISSING, UNKNOWN = "passed", "exempt", "missing", "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one rule stands; `why` are sentences: the reason of an exemption, or what is missing and what to do.

    Unknown is what only tests could show, where no tests count.
    """

    rule: str
    level: str
    state: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grade:
    """`level` is None below bronze, and where `problem` says why nothing can be said. `at` is the tests' time."""

    name: str
    level: str | None
    findings: tuple[Finding, ...] = ()
    problem: str = ""
    at: str = ""

    def reaches(self, level: str) -> bool:
        return self.level is not None and LEVELS.index(self.level) >= LEVELS.index(level)


def grade(subject: Subject, known: Evidence) -> Grade:
    """Judge a connector by its files and by the tests that ran with these very files."""
    if subject.entry.problem:
        return Grade(subject.name, None, problem=f"it cannot be loaded: {subject.entry.problem}")
    report, problem = evidence.of(subject, known)
    findings = tuple(_judge(rule, subject, report) for rule in RULES)
    if report is None:
        return Grade(subject.name, None, findings, problem)
    return Grade(subject.name, level(findings), findings, at=report.at)


def level(findings: Iterable[Finding]) -> str | None:
    """The highest level without a gap below it."""
    short = {finding.level for finding in findings if finding.state == MISSING}
    reached = None
    for one in LEVELS:
        if one in short:
            break
        reached = one
    return reached


def _judge(rule: Rule, subject: Subject, report: Report | None) -> Finding:
    if rule.unless is not None and rule.unless.holds(subject):
        return Finding(rule.name, rule.level, EXEMPT, (rule.unless.why,))
    asked = [proof for proof in rule.proofs if proof.unless is None or not proof.unless.holds(subject)]
    if not asked and rule.check is None:
        return Finding(rule.name, rule.level, EXEMPT, tuple({p.unless.why: None for p in rule.proofs if p.unless}))
    short = list(rule.check(subject)) if rule.check is not None else []
    if report is not None:
        short += [why for proof in asked for why in _unproven(proof, subject.name, report)]
    elif asked and not short:
        return Finding(rule.name, rule.level, UNKNOWN)
    return Finding(rule.name, rule.level, MISSING if short else KEPT, tuple(short))


def _unproven(proof: Proof, system: str, report: Report) -> Iterator[str]:
    """What keeps a proof from counting."""
    tests = {name: test.outcome for name, test in report.tests.items() if proof.name in test.proves}
    if not tests:
        yield (
            f"no test shows that {proof.asks}: mark one with @pytest.mark.proves({proof.name!r}) in a suite of"
            f' {system}\'s, or with proves("{proof.name}", "{system}")'
        )
    for name, outcome in tests.items():
        if outcome != evidence.PASSED:
            yield f'{outcome}: {name} (`python -m pytest "{name}"`); it is to show that {proof.asks}'
