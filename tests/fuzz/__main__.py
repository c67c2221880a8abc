"""Fuzz what reads the input of others: `python -m tests.fuzz --help`.

What takes new ways through the product is added to the corpus with `--keep`; an input that breaks a rule is
printed, and its line goes into `corpus/TARGET.found.txt` with the change that mends it.
"""

import argparse
import sys

from tests.fuzz.engine import Session, fuzz, smallest_cover, write_corpus
from tests.fuzz.targets import TARGETS
from tests.support.figures import say, verdict


def run(names: list[str], seconds: float, seed: int, *, keep: bool) -> list[str]:
    """What was found."""
    found = list[str]()
    for name in names:
        session = fuzz(TARGETS[name], seconds, seed)
        say(str(session))
        for finding in session.findings:
            say(f"  {finding.rule}\n  {ascii(finding.data)[:3000]}")
        found += [f"{name}: {finding.rule}" for finding in session.findings]
        if keep:
            _keep(session)
    return found


def _keep(session: Session) -> None:
    write_corpus(session.name, smallest_cover(session.pool))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"default: all of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=float, default=180, help="for each target (default 180)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="write the corpus anew")
    given = parser.parse_args()
    if unknown := set(given.targets) - TARGETS.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    return verdict(run(given.targets or list(TARGETS), given.seconds, given.seed, keep=given.keep))


if __name__ == "__main__":
    sys.exit(main())
