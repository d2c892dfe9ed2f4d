#!/usr/bin/env python3
"""Real frames of OKX through `arbspot replay`: the books at the end have to be those that
oracle/okx_books.py computes from the same frames, level by level, and each checksum is right for both.

    okx_real.py ARBSPOT PLUGIN RECORDING...      cryptofeed text

Whatever an instrument is, it goes by a symbol that is made up, and by its own name at the venue.
"""
import json
import subprocess
import sys

from replayed import expect_equal, levels_of, oracle, rebuilt


def main():
    arbspot, plugin, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    *wanted, totals = oracle("okx", *files)
    names = {f"A{i}/Q": name for i, name in enumerate(sorted({line.split()[0] for line in wanted}))}
    run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--set=ack_timeout=60s", "--symbols",
                          ",".join(names)] +
                         [f"--venue-symbol={symbol}={name}" for symbol, name in names.items()] + files,
                         capture_output=True, text=True, check=False)
    states, lines = rebuilt((json.loads(line) for line in run.stdout.splitlines()),
                            spell=lambda symbol: names[symbol])
    _, n_updates, _, n_right, _, n_wrong, _, n_broken = totals.split()
    if run.returncode != 0 or len(states) != len(names) or set(states.values()) != {"LIVE"}:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    for figure in (f"updates={n_updates}", f"verified={n_right}", f"mismatched={n_wrong}", "crossed=0",
                   f"resyncs={n_broken}"):
        if f" {figure} " not in run.stderr:
            sys.exit(f"not {figure}: {run.stderr}")
    expect_equal(lines, levels_of(wanted))
    print(f"PASS: {len(wanted)} levels of {len(states)} books, {totals}")


if __name__ == "__main__":
    main()
