"""How good a connector is, computed: rules, what shows that they are kept, and the level that follows."""

from connectors.kit.grading.evidence import FILE, Evidence, Report, Shown, read, write
from connectors.kit.grading.grade import EXEMPT, KEPT, MISSING, Finding, Grade, grade
from connectors.kit.grading.rules import LEVELS, PROOFS, RULES
from connectors.kit.grading.subject import Subject, subject

__all__ = [
    "EXEMPT",
    "FILE",
    "KEPT",
    "LEVELS",
    "MISSING",
    "PROOFS",
    "RULES",
    "Evidence",
    "Finding",
    "Grade",
    "Report",
    "Subject",
    "Shown",
    "grade",
    "read",
    "subject",
    "write",
]
