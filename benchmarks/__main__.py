"""python -m benchmarks: measure, print the table, write results/latest.json and the README's table."""

from __future__ import annotations

import argparse
import sys

from benchmarks import (
    accepting,
    backfilling,
    claiming,
    flow,
    holding,
    lines,
    mappings,
    million,
    report,
    storing,
    translating,
    upgrading,
    webhooks,
)
from benchmarks.measure import Report, one_parse

ALL = {
    "translate": translating.run,
    "mappings": mappings.run,
    "lines": lines.run,
    "accept": accepting.run,
    "store": storing.run,
    "backfill": backfilling.run,
    "webhooks": webhooks.run,
    "flow": flow.run,
    "claim": claiming.run,
    "hold": holding.run,
    "million": million.run,
    "upgrade": upgrading.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything; printed only, nothing is written")
    parser.add_argument("--only", choices=ALL, action="append", help="one benchmark (may be given several times)")
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    given = parser.parse_args()
    found: dict[str, Report] = {}
    for name in given.only or ALL:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found[name] = ALL[name](quick=given.quick)
        print(report.printed(name, found[name]), flush=True)
        if given.profile and found[name].profile:
            print(found[name].profile)
    data = report.as_data(found, one_parse(), given.quick)
    if not given.quick:
        report.write(report.merged(report.LATEST, data, ALL))


main()
