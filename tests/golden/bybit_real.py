#!/usr/bin/env python3
"""Real frames of Bybit through `arbspot replay`: the books that its messages add up to have to be those
that oracle/bybit_books.py computes from the same frames, level by level, every update proven.

    bybit_real.py ARBSPOT PLUGIN RECORDING BASE/QUOTE[,...]

RECORDING is cryptofeed text, or frames alone, one a line: each is then taken to have arrived 50 ms after
it was sent.
"""
import json
import os
import subprocess
import sys
import tempfile

from replayed import expect_equal, levels_of, oracle, rebuilt


def timed(path, folder):
    """The recording itself, or one of its frames with times in front."""
    with open(path, encoding="utf-8") as lines:
        frames = [line.strip() for line in lines if line.strip()]
    if not frames[0].startswith("{"):
        return path
    now_ms = next(json.loads(frame)["ts"] for frame in frames if '"topic"' in frame[:20])
    rows = [f"wss://stream <-> {(now_ms - 200) / 1000:.3f}"]
    for frame in frames:
        now_ms = json.loads(frame).get("ts", now_ms - 100)
        rows.append(f"{(now_ms + 50) / 1000:.3f}: {frame}")
    copy = os.path.join(folder, "recording.txt")
    with open(copy, "w", encoding="utf-8") as recording:
        recording.write("\n".join(rows) + "\n")
    return copy


def expect_proven(messages):
    for message in messages:
        if message["type"] in ("snapshot", "delta") and message["verified"] != "verified":
            sys.exit(f"message {message['seq']} of {message['symbol']} is {message['verified']}")


def computed(path):
    """How many updates there are, and the levels at the end."""
    lines = oracle("bybit", path)
    counts = [line for line in lines if line.split()[1] == "updates"]
    return (sum(int(line.split()[2]) for line in counts),
            levels_of(line for line in lines if line not in counts))


def main():
    arbspot, plugin, path, symbols = sys.argv[1:]
    updates, want = computed(path)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", symbols,
                              timed(path, folder)], capture_output=True, text=True, check=False)
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    expect_proven(messages)
    states, have = rebuilt(messages)
    if run.returncode != 0 or set(states.values()) != {"LIVE"}:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    for figure in (f" updates={updates} ", " resyncs=0 ", " crossed=0 ", " unknown_deletes=0 "):
        if figure not in run.stderr:
            sys.exit(f"not{figure}\n{run.stderr}")
    expect_equal(have, want)
    print(f"PASS: {len(want)} levels of {len(states)} books after {updates} updates")


if __name__ == "__main__":
    main()
