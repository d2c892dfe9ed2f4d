#!/usr/bin/env python3
"""Real frames of Coinbase through `arbspot replay`: the books that its messages add up to have to be
those that oracle/coinbase_books.py computes from the same frames, level by level.

    coinbase_real.py FEED SYMBOLS UPDATES ARBSPOT PLUGIN RECORDING...

UPDATES is how many of them the frames hold. With FEED advanced each message is `verified`, with exchange
none.
"""
import json
import subprocess
import sys

from replayed import expect_equal, levels_of, oracle, rebuilt

PROOF = {"advanced": {"verified"}, "exchange": {"unverifiable"}}


def main():
    feed, symbols, updates, arbspot, plugin, *files = sys.argv[1:]
    want = levels_of(oracle("coinbase", *files))
    run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", symbols, "--set",
                          f"feed={feed}", "--set", "ack_timeout=60s", *files], capture_output=True,
                         text=True, check=False)
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    states, lines = rebuilt(messages)
    if run.returncode != 0 or set(states.values()) != {"LIVE"} or " crossed=0 " not in run.stderr:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    if f" updates={updates} " not in run.stderr or " resyncs=0 " not in run.stderr:
        sys.exit("other updates were applied than the frames hold\n" + run.stderr)
    if {each["verified"] for each in messages if each["type"] != "status"} != PROOF[feed]:
        sys.exit("the messages are not as proven as the feed is")
    expect_equal(lines, want)
    print(f"PASS: {len(want)} levels of {len(states)} books")


if __name__ == "__main__":
    main()
