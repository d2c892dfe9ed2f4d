#!/usr/bin/env python3
"""Real frames of Binance through `arbspot replay`: the books that its messages add up to have to be
those that oracle/binance_books.py computes from the same frames, level by level.

    binance_real.py CASE ARBSPOT PLUGIN DATA

DATA is tests/data. Of the recordings only those of 2021 have the venue's catalog; the others get one
with nothing but the names. The frames of Binance.US have no receive times: each is taken to have
arrived 80 ms after it was made, and the REST book behind the frame that it ends with.
"""
import json
import os
import subprocess
import sys
import tempfile

from replayed import expect_equal, levels_of, oracle, rebuilt

CASES = {
    "us": {"symbols": "BTC/USDT", "levels": 500, "rest": "https://api.binance.us/api/v3",
           "set": ["region=us"], "frames": "tickvault/binance_us_depth.jsonl",
           "seed": "tickvault/binance_us_snapshot.json", "updates": 16},
    "spot_2021": {"symbols": "BLZ/ETH,LRC/BTC,NKN/USDT,RUNE/EUR", "levels": 1000, "set": [],
                  "files": ["cryptofeed/binance_2021-10-12." + part + ".txt"
                            for part in ("catalog", "http", "ws")], "updates": 172},
    "spot_2024": {"symbols": "BTC/USDT,ETH/USDT", "levels": 1000, "set": [],
                  "rest": "https://api.binance.com/api/v3",
                  "files": ["hftbacktest/binance_spot_2024-08-08.txt"], "updates": 76},
    "usdm_2024": {"symbols": "BTC/USDT-PERP,ETH/USDT-PERP", "levels": 1000, "set": ["market=usdm"],
                  "rest": "https://fapi.binance.com/fapi/v1",
                  "files": ["hftbacktest/binance_usdm_2024-08-08.txt"], "updates": 70},
}


def catalog(symbols):
    rows = []
    for symbol in symbols.split(","):
        base, quote = symbol.split("/")
        row = {"symbol": base + quote.removesuffix("-PERP"), "status": "TRADING", "baseAsset": base,
               "quoteAsset": quote.removesuffix("-PERP")}
        if quote.endswith("-PERP"):
            row["contractType"] = "PERPETUAL"
        rows.append(row)
    return json.dumps({"symbols": rows})


def seconds(line):
    return line.split(" <-> ")[1] if " <-> " in line else line.split(": ", 1)[0]


def write_frames(case, data, path):
    """Binance.US: one frame a line, and the REST book made during them."""
    with open(os.path.join(data, case["frames"]), encoding="ascii") as frames, \
            open(os.path.join(data, case["seed"]), encoding="ascii") as seed, \
            open(path, "w", encoding="ascii") as recording:
        book, lines = seed.read().strip(), [line.strip() for line in frames if line.strip()]
        recording.write(f"wss://stream <-> {json.loads(lines[0])['E'] / 1000 - 1:.3f}\n")
        for line in lines:
            frame = json.loads(line)
            recording.write(f"{(frame['E'] + 80) / 1000:.3f}: {line}\n")
            if frame["u"] == json.loads(book)["lastUpdateId"]:
                recording.write(f"{case['rest']}/depth?symbol=BTCUSDT -> "
                                f"{(frame['E'] + 81) / 1000:.3f}: {book}\n")


def inputs(case, data, folder):
    files = [os.path.join(data, name) for name in case.get("files", [])]
    if "frames" in case:
        files = [os.path.join(folder, "frames.txt")]
        write_frames(case, data, files[0])
    if "rest" in case:
        with open(files[0], encoding="ascii") as first:
            start = seconds(first.readline().strip())
        files.append(os.path.join(folder, "catalog.txt"))
        with open(files[-1], "w", encoding="ascii") as text:
            text.write(f"{case['rest']}/exchangeInfo -> {start}: {catalog(case['symbols'])}\n")
    return files


def main():
    case, arbspot, plugin, data = CASES[sys.argv[1]], *sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        files = inputs(case, data, folder)
        want = levels_of(oracle("binance", str(case["levels"]), *files))
        sets = [f"--set={each}" for each in
                case["set"] + ["ack_timeout=60s", f"snapshot_levels={case['levels']}"]]
        run = subprocess.run([arbspot, "replay", "--plugin", plugin, "--symbols", case["symbols"],
                              *sets, *files], capture_output=True, text=True, check=False)
    states, lines = rebuilt(json.loads(line) for line in run.stdout.splitlines())
    if run.returncode != 0 or set(states.values()) != {"LIVE"} or " crossed=0 " not in run.stderr:
        sys.exit(f"exit {run.returncode}, {states}\n{run.stderr}")
    if f" updates={case['updates']} " not in run.stderr or " resyncs=0 " not in run.stderr:
        sys.exit("other diffs were applied than the frames hold\n" + run.stderr)
    expect_equal(lines, want)
    print(f"PASS: {len(want)} levels of {len(states)} books")


if __name__ == "__main__":
    main()
