"""What the configuration says of an instrument counts, whether books come by Kafka or directly.

An exchange gives a rebate for one instrument alone, so that its books always pay, and wants quantities that are
multiples of a half, and at one of them there is little to sell. Two strategies of one host, one of either source, find
the same terms in it.
"""

from decimal import Decimal

import bus as messages
import pipeline

SYMBOL = "BTC/USD"
REBATE = Decimal("-0.05")
LOT = Decimal("0.5")
COINS = Decimal("0.7")  # at kraken
SECTIONS = f"""[instrument:{SYMBOL}]
taker_fee.kraken = {REBATE * 100}%
lot.bitstamp = {LOT}
[strategy:direct]
plugin = cross_venue
source = direct
max_net = 100%
[strategy:kafka]
plugin = cross_venue
source = kafka
max_net = 100%
"""
STRATEGIES = {"direct", "kafka"}


def expect_terms(stage, message):
    for leg in message["legs"]:
        notional, fee = Decimal(leg["notional"]), Decimal(leg["fee"])
        stage.expect(Decimal(leg["qty"]) % LOT == 0, f"multiples of {LOT}: {message}")
        if leg["venue"] == "kraken" and leg["side"] == "sell":
            stage.expect(Decimal(leg["qty"]) <= COINS, f"at most {COINS} are there: {message}")
        if leg["venue"] == "kraken":
            unit = Decimal(1).scaleb(-leg["scale"][0])  # to which both are rounded
            stage.expect(abs(fee - notional * REBATE) < 2 * unit, f"a rebate of {REBATE}: {message}")


def strategies_of(bus):
    return {message["strategy"] for message in bus.opportunities}


def suite(stage):
    stage.simulator("--instruments", SYMBOL, "--divergence-every", "0")
    venues = stage.read("sim.ini").split("[strategy")[0]
    venues = pipeline.changed(venues, (r"^\[exchange:kraken\]$", rf"\g<0>\ninventory.BTC = {COINS}"))
    host = stage.host(stage.write("terms.ini", venues + SECTIONS))
    bus = messages.attach(stage, stage.embedded_brokers(host))
    pipeline.poll(lambda: bus.snapshot_of(lambda: strategies_of(bus)) == STRATEGIES, stage.limit(20),
                  "opportunities of both strategies")
    stage.expect(host.stop() == 0, "the host ends with 0")
    for message in bus.snapshot_of(lambda: list(bus.opportunities)):
        expect_terms(stage, message)
    stage.figure("opportunities", len(bus.opportunities))


if __name__ == "__main__":
    pipeline.main(suite)
