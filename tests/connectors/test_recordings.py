"""Every recording of a system translates to what stands beside it; `pytest --accept` writes it anew, to be reviewed.

tests/connectors/<system>/<topic>_<case>.json holds {"stream": ..., "settings": {...}, "record": {...}}, and beside it
<topic>_<case>.expected.json the fragment, in our words.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from hub import schema
from mappings.engine import Mapping, read_json

HERE = Path(__file__).resolve().parent
MAPPINGS = HERE.parent.parent / "mappings"


def is_recording(path: Path) -> bool:
    if path.name.endswith(".expected.json"):
        return False
    content = json.loads(path.read_text())
    return isinstance(content, dict) and {"stream", "record"} <= set(content)


RECORDINGS = sorted(path for path in HERE.glob("*/*.json") if is_recording(path))


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path, id=f"{path.parent.name}/{path.stem}", marks=pytest.mark.proves("recordings", path.parent.name)
        )
        for path in RECORDINGS
    ],
)
def test_recording_says_what_is_expected(path: Path, request: pytest.FixtureRequest) -> None:
    recording = read_json(path.read_bytes())
    mapping = Mapping.load(MAPPINGS / f"{path.parent.name}.yaml")
    fields = mapping.read(
        recording["stream"],
        recording["record"],
        recording.get("settings", {}),
        account=recording.get("account", "here"),
    )
    found = json.loads(msgspec.json.encode(schema.fragment(fields)))
    beside = path.with_name(f"{path.stem}.expected.json")
    if request.config.option.accept:
        beside.write_text(json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    assert beside.exists(), f"{beside.name} is missing: pytest --accept writes it, read it before you commit it"
    assert found == json.loads(beside.read_text())


def test_no_expectation_stands_alone() -> None:
    """A renamed recording takes its expectation along."""
    alone = [
        beside.name
        for beside in HERE.glob("*/*.expected.json")
        if not beside.with_name(beside.name.replace(".expected.json", ".json")).exists()
    ]
    assert alone == []
