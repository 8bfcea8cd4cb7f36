"""Pages that are followed as they stand: their blocks, and a terminal in which their commands are run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)(?: ([\w./]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DONE = "the block is done"


def blocks(text: str) -> list[tuple[str, str, str]]:
    """(language, name of the file or nothing, text) of each fenced block."""
    return [(found[1], found[2] or "", found[3]) for found in BLOCK.finditer(text)]


class Shell:
    """One bash, as in one terminal: what a block exports, the next one sees."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.bash = subprocess.Popen(
            ["bash", "-e"], cwd=folder, env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self.bash.stdin
        assert self.bash.stdout
        self.to, self.said = self.bash.stdin, self.bash.stdout

    def run(self, block: str) -> str:
        """What the block prints; each of its commands has to end well."""
        self.to.write(f"{block}\necho {DONE}\n")
        self.to.flush()
        lines = []
        for line in self.said:
            if line == f"{DONE}\n":
                return "".join(lines)
            lines.append(line)
        raise AssertionError("the shell ended: " + "".join(lines))

    def end(self) -> None:
        """The shell ends; what it left running in the background is for the page to stop."""
        self.to.close()
        self.bash.wait(20)
        self.said.close()
