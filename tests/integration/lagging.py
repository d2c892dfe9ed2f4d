"""What arrives late is not LIVE, and nothing is traded on it.

The way from one venue gets slower and slower, to ten seconds, and loses nothing: soon after the
delay exceeds max_lag no message of that venue says LIVE and no opportunity is there, the other
venue is undisturbed, and once the delay is gone all is LIVE again. Then the host itself is stopped
for a while and goes on with what the kernel has kept for it: of what it says after that, nothing is
LIVE before a ping was answered.
"""

import signal
import time

import bus as messages
import pipeline
import proxy as proxies

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
MAX_LAG_S = 2.0  # the default
TOLD_S = 1.5  # and so much later the bus shows it
DELAY_S, STEP_S = 10.0, 0.1
SLOPE = 0.8  # seconds of delay a second
HELD_S = 3.0  # at the longest delay
STOPPED_S = 6.0


def configure(stage, port):
    return pipeline.changed(
        stage.read("sim.ini"),
        (r"^ca_file = .*$", f"ca_file = {stage.path('proxy.pem')}"),
        (r"^url = .*$", f"url = wss://localhost:{port}/v2"),
        (r"^ws_url = .*$", f"ca_file = {stage.path('ca.pem')}\n\\g<0>"))


def grow(proxy, end):
    """Returns when the delay passed max_lag."""
    passed = None
    while proxy.delay < end:
        proxy.delay = min(proxy.delay + SLOPE * STEP_S, end)
        if passed is None and proxy.delay > MAX_LAG_S:
            passed = time.monotonic()
        time.sleep(STEP_S)
    return passed


def n_traded(bus):
    return sum(message["event"] != "close" for message in bus.opportunities)


def expect_silence_while_late(stage, bus, proxy):
    passed = grow(proxy, MAX_LAG_S + SLOPE * STEP_S)
    told = passed + MAX_LAG_S + stage.limit(TOLD_S)
    grow(proxy, min(DELAY_S, proxy.delay + SLOPE * max(0.0, told - time.monotonic())))
    traded = bus.snapshot_of(lambda: n_traded(bus))
    grow(proxy, DELAY_S)
    time.sleep(HELD_S)
    heard = bus.snapshot_of(lambda: bus.live_heard["kraken"])
    stage.figure("live_after_limit_s", f"{heard - passed:.2f}")
    stage.expect(heard < told, f"LIVE is heard {heard - passed:.2f} s after the delay passes max_lag")
    more = bus.snapshot_of(lambda: n_traded(bus)) - traded
    stage.expect(more == 0, f"{more} opportunities against what is late")


def expect_recovery(stage, bus):
    traded = bus.snapshot_of(lambda: n_traded(bus))
    pipeline.poll(lambda: bus.count_in("LIVE") == BOOKS, stage.limit(10), "all books LIVE again")
    pipeline.poll(lambda: bus.snapshot_of(lambda: n_traded(bus)) > traded, stage.limit(15),
                  "opportunities are seen again")


def expect_log(stage, host):
    warnings = host.lines(r"level=warn venue=kraken .*max_lag 2s")
    stage.expect(len(warnings) == 1, f"one warning: {warnings}")
    over = r"level=info venue=kraken .*late no more, after"
    host.wait_for(over, stage.limit(10))  # a session that was replaced says so when it goes
    ends = host.lines(over)
    stage.expect(len(ends) == 1, f"one line when it is over: {ends}")
    others = host.lines(r"venue=bitstamp .*max_lag")
    stage.expect(not others, f"the other venue is on time: {others}")


def first_states(journal, since_ns):
    """The first state of each book that was told of after this moment."""
    first = {}
    for venue, symbol, state, recv_ns in journal:
        if recv_ns >= since_ns:
            first.setdefault((venue, symbol), state)
    return first


def stop_and_continue(stage, host, bus):
    """Returns when the host went on."""
    bus.snapshot_of(lambda: setattr(bus, "journal", []))
    host.send(signal.SIGSTOP)
    time.sleep(STOPPED_S)
    now_ns = time.time_ns()
    host.send(signal.SIGCONT)
    host.wait_for(r"this host did not run", stage.limit(5), count=2)
    return now_ns


def suite(stage):
    stage.simulator("--rate", str(round(200 / stage.slow)), "--divergence-every", "1s")
    certificate = proxies.make_certificate(stage)
    proxy = proxies.Proxy(proxies.start_loop(), certificate, stage.ports()["kraken"],
                          stage.path("ca.pem"))
    brokers = stage.broker()
    host = stage.host(stage.write("host.ini",
                                  pipeline.use_brokers(configure(stage, proxy.port), brokers)))
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: bus.count_in("LIVE") == BOOKS, stage.limit(15), "all books LIVE")
    pipeline.poll(lambda: bus.snapshot_of(lambda: n_traded(bus)) > 0, stage.limit(15),
                  "an opportunity")

    expect_silence_while_late(stage, bus, proxy)
    proxy.delay = 0.0
    expect_recovery(stage, bus)
    expect_log(stage, host)

    went_on_ns = stop_and_continue(stage, host, bus)
    expect_recovery(stage, bus)
    first = bus.snapshot_of(lambda: first_states(bus.journal, went_on_ns))
    stage.expect(len(first) == BOOKS and set(first.values()) == {"STALE"},
                 f"every book is STALE first: {first}")
    stage.expect(host.stop() == 0, "the host ends with 0")
    stage.expect(bool(host.lines(r"worst_lag_ms=\d{4,}")), "the worst lag is in the statistics")
    messages.expect_sound(stage, bus)


if __name__ == "__main__":
    pipeline.main(suite)
