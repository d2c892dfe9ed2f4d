#!/usr/bin/env python3
"""Real frames of Coinbase through `arbspot replay`: the books that its messages add up to have to be
those that oracle/coinbase_books.py computes from the same frames, level by level.

    coinbase_real.py FEED SYMBOLS UPDATES ARBSPOT PLUGIN RECORDING...

UPDATES is how many of them the frames hold. With FEED advanced each message is `verified`, with exchange
none.
"""
import json
import os
import subprocess
import sys
from decimal import Decimal

from binance_real import rebuilt

PROOF = {"advanced": {"verified"}, "exchange": {"unverifiable"}}


def main():
    feed, symbols, updates, arbspot, plugin, *files = sys.argv[1:]
    oracle = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle", "coinbase_books.py")
    wanted = subprocess.run([sys.executable, oracle, *files], capture_output=True, text=True,
                            check=True).stdout
    run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", symbols, "--set",
                          f"feed={feed}", "--set", "ack_timeout=60s", *files], capture_output=True,
                         text=True, check=False)
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    states, lines = rebuilt(messages)
    want = {(name, side, Decimal(price), Decimal(amount))
            for name, side, price, amount in (line.split() for line in wanted.splitlines())}
    if run.returncode != 0 or set(states.values()) != {"LIVE"} or " crossed=0 " not in run.stderr:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    if f" updates={updates} " not in run.stderr or " resyncs=0 " not in run.stderr:
        sys.exit("other updates were applied than the frames hold\n" + run.stderr)
    if {each["verified"] for each in messages if each["type"] != "status"} != PROOF[feed]:
        sys.exit("the messages are not as proven as the feed is")
    if lines != want or not want:
        sys.exit(f"{len(lines - want)} levels are wrong, {len(want - lines)} are missing, such as "
                 f"{sorted(lines ^ want)[:3]}")
    print(f"PASS: {len(want)} levels of {len(states)} books")


if __name__ == "__main__":
    main()
