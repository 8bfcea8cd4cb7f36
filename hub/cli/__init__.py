"""`hub`: one command. Every listing has --json."""

from __future__ import annotations

import click

from hub.cli import accounts, connectors, do, inbox, mapping, privacy, returns, review, run, sync
from hub.cli.out import letters
from hub.plain import log_plainly


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="returns-hub")
def main() -> None:
    """Returns Hub: one return, known to every system that should know it."""
    log_plainly()


for module in (run, accounts, connectors, mapping, returns, inbox, sync, review, privacy, do):
    for command in module.COMMANDS:
        main.add_command(letters(command))
