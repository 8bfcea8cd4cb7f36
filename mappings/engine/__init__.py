"""The translator: `Mapping` reads and writes, `lint` checks a file, `read_json` reads a body; and their errors."""

from mappings.engine.errors import Finding, InvalidJson, MappingError, UnknownWord, Untranslatable
from mappings.engine.interpret import Explained, Spared
from mappings.engine.lint import lint
from mappings.engine.mapping import Mapping
from mappings.engine.reading import read_json

__all__ = [
    "Explained",
    "Finding",
    "InvalidJson",
    "Mapping",
    "MappingError",
    "Spared",
    "UnknownWord",
    "Untranslatable",
    "lint",
    "read_json",
]
