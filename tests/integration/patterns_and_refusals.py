"""Symbols that a venue does not have are refused one by one; the rest goes on.

Kraken is asked by pattern next to a symbol it does not list, Bitstamp for three symbols of which it
lists two, and a third exchange section for a pattern that matches nothing.
"""

import time

import bus as messages
import pipeline

CONFIG = (
    # Kraken comes first in the file, Bitstamp second.
    (r"\A((?:.*\n)*?symbols = ).*$", r"\1X*/USD, ETH/USD, NOPE/USD"),
    (r"\A((?:.*\n)*?symbols = .*\n(?:.*\n)*?symbols = ).*$", r"\1BTC/USD, GONE/USD, ETH/USD"),
)
NOTHING = """
[exchange:nothing]
plugin = kraken
symbols = NONE*/USD
taker_fee = 0
url = wss://localhost:{port}/v2
"""
LIVE = {("kraken", "XRP/USD"), ("kraken", "ETH/USD"), ("bitstamp", "BTC/USD"),
        ("bitstamp", "ETH/USD")}
REFUSED = {("kraken", "NOPE/USD"), ("bitstamp", "GONE/USD")}


def in_state(bus, state):
    return {name for name, book in bus.books.items() if book.state == state}


def suite(stage):
    stage.simulator()
    text = pipeline.changed(stage.read("sim.ini"), *CONFIG)
    text += NOTHING.format(port=stage.ports()["kraken"])
    host = stage.host(stage.write("host.ini", text))
    bus = messages.attach(stage, stage.embedded_brokers(host))
    pipeline.poll(lambda: bus.snapshot_of(lambda: in_state(bus, "LIVE") >= LIVE), stage.limit(10),
                  f"{LIVE} LIVE")
    host.wait_for("venue=kraken .*NOPE/USD cannot be had: refused by the venue: Currency pair "
                  "not supported NOPE/USD", stage.limit(5))
    host.wait_for("venue=bitstamp .*GONE/USD cannot be had: .*not list", stage.limit(5))
    host.wait_for("venue=nothing .*no symbol of the venue's catalog matches", stage.limit(5))
    time.sleep(1)  # for whatever should not come
    stage.expect(bus.snapshot_of(lambda: in_state(bus, "LIVE")) == LIVE, f"only {LIVE} LIVE")
    stage.expect(bus.snapshot_of(lambda: in_state(bus, "UNUSABLE")) == REFUSED,
                 f"{REFUSED} UNUSABLE and nothing else: {in_state(bus, 'UNUSABLE')}")
    stage.expect(len(host.lines("cannot be had")) <= 2 * len(REFUSED),
                 f"a refusal takes no more than two lines: {host.lines('cannot be had')}")
    stage.figure("live", len(LIVE))
    stage.figure("refused", len(REFUSED))
    stage.expect(host.stop() == 0, "the host ends with 0")
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite)
