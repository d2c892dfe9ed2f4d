#!/usr/bin/env python3
"""Takes the way of the guide's chapter of strategies, word by word: from the example to its opportunities.

As in tutorial.py, which says what the fences are, but with spread.c: it is built against nothing but
what is installed, and runs on the simulator until an opportunity of it, its end, and a miss are read
from the topic. What the chapter says of broken rules is compared with what the host's source has.
"""

import os
import re

import tutorial

SOURCES = ("openings.c", "requests.c", "runner.c")
SAYS_RULE = re.compile(r"\breturn\b|\brefuse\(|\bintrusion\[\]")
RULE = re.compile(r'"([^"%\n]+ [^"%\n]+)"')


def rules_of(repository):
    """What the log may say of a strategy that is disabled: the sentences that these functions return."""
    found = set()
    for name in SOURCES:
        with open(os.path.join(repository, "core", "strategy", name), encoding="utf-8") as file:
            statements = file.read().split(";")
        for statement in statements:
            if SAYS_RULE.search(statement) and "err_set(" not in statement:
                found.update(RULE.findall(statement))
    return found


def suite(stage):
    home, shell = tutorial.settle(stage)
    author = tutorial.Author(stage, shell, home, "spread", {"c": "spread.c", "ini": "spread.ini"})
    before, chapter = tutorial.parts(author)
    named = set(re.findall(r"^\|[^|]*\| `([^`]+)`", chapter, re.MULTILINE))
    rules = rules_of(stage.options.repository)
    stage.expect(len(rules) > 15 and named == rules,
                 f"rules only in one of the guide and the host: {sorted(named ^ rules)}")
    for command in re.findall(r"^(?:export PATH|doc)=.*$", before, re.MULTILINE):
        shell.run(command)
    tutorial.follow(author, chapter, ("sh", "text", "c", "ini"), ("run.log", "sim.log", "found.log"))


if __name__ == "__main__":
    tutorial.main(suite)
