"""1,000 instruments of one venue are LIVE within 10 s of the host's start, named or by pattern."""

import re
import time

import bus as messages
import pipeline

N = 1000
LIVE_WITHIN_S = 10
SETTLE_S = 2  # memory is looked at once more after this


def first_live_ns(bus):
    """When the last of the books became LIVE for the first time."""
    return max(next(ns for state, _, ns in book.states if state == "LIVE")
               for book in bus.books.values())


def with_symbols(stage):
    """The simulator's configuration with the pattern, or else with each of its symbols in USD."""
    text = stage.read("sim.ini")
    symbols = stage.options.pattern or ", ".join(re.findall(r"[A-Z0-9]+/USD", text))
    whole_list = r"^symbols = .*(\n    .*)*$"
    return pipeline.changed(text, (whole_list, f"symbols = {symbols}"))


def suite(stage):
    options = stage.options
    # One of the well-known pairs that come first is not in USD.
    stage.simulator("--venue", options.venue, "--instruments", str(N + 1), "--rate", "2",
                    "--divergence-every", "0")
    brokers = stage.broker()
    config = stage.write("host.ini", pipeline.use_brokers(with_symbols(stage), brokers))
    baseline = stage.programs[-1].memory_mib()
    started_ns = time.time_ns()
    host = stage.host(config)
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: bus.count_in("LIVE") >= N, stage.limit(30), f"{N} books LIVE")
    live_s = (bus.snapshot_of(lambda: first_live_ns(bus)) - started_ns) / 1e9
    stage.figure("books.live_s", f"{live_s:.2f}")
    stage.expect(live_s < stage.limit(LIVE_WITHIN_S), f"LIVE within {LIVE_WITHIN_S} s")
    time.sleep(SETTLE_S)
    stage.expect(bus.count_in("LIVE") == N == len(bus.books), f"exactly {N} books, all LIVE")
    now, highest = host.memory_mib()
    stage.figure("host.VmRSS_MiB", f"{now:.1f}")
    stage.figure("host.VmHWM_MiB", f"{highest:.1f}")
    stage.figure("host_without_exchanges.VmRSS_MiB", f"{baseline[0]:.1f}")
    stage.expect(host.stop() == 0, "the host ends with 0")
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite, venue="kraken", pattern="")
