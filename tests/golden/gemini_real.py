#!/usr/bin/env python3
"""Real frames of Gemini's archived feed through `arbspot replay`: the books at the end have to be those
that oracle/gemini_books.py computes from the same frames, level by level.

    gemini_real.py ARBSPOT PLUGIN RECORDING...      cryptofeed text

The pairs are those that the recorder subscribed. Where the recordings have no catalog, one is made up with
nothing but the names.
"""
import json
import os
import subprocess
import sys
import tempfile

from replayed import expect_equal, levels_of, oracle, rebuilt

QUOTES = ["GUSD", "USD", "EUR", "GBP", "BTC", "ETH", "BCH", "LTC", "DAI"]


def named(symbol):
    quote = next(each for each in QUOTES if symbol.endswith(each))
    return symbol[: -len(quote)], quote


def look(paths):
    """The symbols subscribed, when, and whether there is a catalog."""
    symbols, start, has_catalog = [], None, False
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                has_catalog = has_catalog or "/symbols/details/all ->" in line[:80]
                if " <-> " in line[:80]:
                    start = line.split(" <-> ")[1].strip()
                if " <- " in line[:80]:
                    sent = json.loads(line.split(": ", 1)[1])
                    symbols += [each for part in sent["subscriptions"] for each in part["symbols"]]
    return symbols, start, has_catalog


def write_catalog(path, symbols, start):
    rows = [{"symbol": symbol, "base_currency": named(symbol)[0], "quote_currency": named(symbol)[1],
             "status": "open"} for symbol in symbols]
    with open(path, "w", encoding="ascii") as text:
        text.write(f"https://api.gemini.com/v1/symbols/details/all -> {start}: {json.dumps(rows)}\n")


def main():
    arbspot, plugin, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    symbols, start, has_catalog = look(files)
    *wanted, totals = oracle("gemini", *files)
    with tempfile.TemporaryDirectory() as folder:
        if not has_catalog:
            files = [os.path.join(folder, "catalog.txt"), *files]
            write_catalog(files[0], symbols, start)
        run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--set=protocol=v2", "--symbols",
                              ",".join("/".join(named(each)) for each in symbols), *files],
                             capture_output=True, text=True, check=False)
    states, lines = rebuilt(json.loads(line) for line in run.stdout.splitlines())
    want = levels_of(wanted)
    _, n_updates, _, n_unknown = totals.split()
    if run.returncode != 0 or len(states) != len(symbols) or set(states.values()) != {"LIVE"}:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    for figure in (f"updates={n_updates}", f"unknown_deletes={n_unknown}", "crossed=0", "resyncs=0"):
        if f" {figure} " not in run.stderr:
            sys.exit(f"not {figure}: {run.stderr}")
    expect_equal(lines, want)
    print(f"PASS: {len(want)} levels of {len(states)} books, {totals}")


if __name__ == "__main__":
    main()
