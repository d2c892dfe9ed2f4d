"""Cycles where there is nothing to compare: on one exchange alone, and on two that have no symbol in common.

A strategy whose opportunities have legs of several instruments reads them directly, without the broker in between. The
price of the pair against BTC is invented, far too high, so that buying the coin for USD, selling it for BTC and that for
USD pays, all the time, and no order is too small here. Each leg has to be on the one exchange that has its symbol, to be
no more than the leg before brings, and together they have to earn what is said. `check` finds nothing to complain about,
nor that anything is compared with none; with a strategy that does compare, the host does not start.
"""

import re
from decimal import Decimal

import bus as messages
import pipeline

REFUSED = 78
MESSAGES = 5  # of a cycle, as its prices change
CYCLE = ["SOL/USD", "SOL/BTC", "BTC/USD"]
SIDES = ["buy", "sell", "sell"]
# Which exchange has which symbols.
CASES = {
    "one": {"kraken": CYCLE},
    "apart": {"kraken": ["SOL/USD", "BTC/USD"], "okx": ["SOL/BTC"]},
}
STRATEGY = "[strategy:cycles]\nplugin = {}\nsource = direct\n"


def section_of(stage, venue, symbols):
    section = re.search(rf"^\[exchange:{venue}\]$.*?(?=^\[)", stage.read("sim.ini"), re.MULTILINE | re.DOTALL).group(0)
    return pipeline.changed(section, (r"^symbols = .*$", f"symbols = {', '.join(symbols)}"))


def config_of(stage, listed, plugin):
    head = stage.read("sim.ini").split("[exchange:")[0]
    venues = "".join(section_of(stage, venue, symbols) for venue, symbols in listed.items())
    tiny = "".join(f"[instrument:{symbol}]\n" + "".join(
        f"{key}.{venue} = 0.00000001\n" for key in ("lot", "min_qty", "min_notional"))
        for venue, symbols in listed.items() for symbol in symbols)
    return head + venues + tiny + STRATEGY.format(plugin)


def expect_refused(stage, name, listed):
    """Who compares one instrument with itself finds nothing in this."""
    answer = stage.call("check", "-c", stage.write("refused.ini", config_of(stage, listed, "cross_venue")))
    stage.expect(answer.returncode == REFUSED and b"[strategy:cycles]" in answer.stderr,
                 f"{name}: cross_venue is refused: {answer.returncode} {answer.stderr}")


def expect_cycle(stage, message, listed):
    legs = message["legs"]
    stage.expect([leg["symbol"] for leg in legs] == CYCLE and [leg["side"] for leg in legs] == SIDES,
                 f"coin, then BTC, then USD: {message}")
    for leg in legs:
        stage.expect(leg["symbol"] in listed[leg["venue"]], f"{leg['venue']} has no {leg['symbol']}: {message}")
    brought, unit = Decimal(legs[0]["qty"]), 0
    for leg in legs[1:]:
        stage.expect(Decimal(leg["qty"]) <= brought + unit, f"more than the leg before brings: {message}")
        unit = Decimal(1).scaleb(-leg["scale"][0])  # to which both of these are rounded
        brought = Decimal(leg["notional"]) - Decimal(leg["fee"])
    spent = Decimal(legs[0]["notional"]) + Decimal(legs[0]["fee"])
    stage.expect(message["currency"] == "USD" and Decimal(message["net"]) == brought - spent > 0,
                 f"brings {brought} for {spent}: {message}")


def play(stage, name, listed):
    config = stage.write(f"{name}.ini", config_of(stage, listed, "triangular"))
    answer = stage.call("check", "-c", config)
    stage.expect(answer.returncode == 0 and b"note: " not in answer.stdout,
                 f"{name}: check says {answer.returncode} {answer.stdout} {answer.stderr}")
    host = stage.host(config, name=name)
    bus = messages.attach(stage, stage.embedded_brokers(host))
    def is_heard():
        return len(bus.opportunities) >= MESSAGES and not bus.dead_legs()
    pipeline.poll(lambda: bus.snapshot_of(is_heard), stage.limit(20),
                  f"{name}: a cycle, what becomes of it, and its books")
    stage.expect(host.stop() == 0, f"{name}: the host ends with 0")
    found = bus.snapshot_of(lambda: list(bus.opportunities))
    for message in found:
        expect_cycle(stage, message, listed)
    stage.figure(f"{name}.opportunities", len(found))
    messages.expect_sound(stage, bus)


def suite(stage):
    stage.simulator("--instruments", ",".join(CYCLE), "--venues", "kraken,okx", "--divergence-every", "0")
    for name, listed in CASES.items():
        expect_refused(stage, name, listed)
        play(stage, name, listed)


if __name__ == "__main__":
    pipeline.main(suite)
