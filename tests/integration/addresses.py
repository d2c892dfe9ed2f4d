"""A host name with several addresses of which one works: the books are LIVE within a known time.

Each host has its own idea of where localhost is. Its first address refuses, swallows what is sent to
it, accepts and stays silent, or stays silent behind TLS; or it is IPv6, and nothing is there. Two
hosts have only dead addresses, or no answer of the resolver, until that changes. All run side by side.
"""

import re
import time

import gates
import pipeline
import proxy as proxies

SYMBOLS = 2
SHARE_S = 5  # of one of two addresses
START_S = 5  # from a connection to LIVE books, while eight hosts start
# Where the catalog comes over HTTPS before any WebSocket is opened, silence is waited for twice.
BOUND_S = 2 * SHARE_S + START_S

# Name -> what localhost is, and what the log says of the first address.
BAD_FIRST = {
    "refuses": ("127.0.0.2 127.0.0.1", r"connection refused or host unreachable"),
    "swallows": ("127.0.0.3 127.0.0.1", r"no connection in time"),
    "silent": ("127.0.0.4 127.0.0.1", r"no answer to the TLS handshake in time"),
    "tls": ("127.0.0.5 127.0.0.1",
            r"no answer to the (WebSocket handshake|request) in time"),
    "ipv6": ("::1 127.0.0.1", r"connection refused or host unreachable"),
}


def trust_both(stage):
    """The simulator's authority and the certificate of the gates."""
    stage.write("both.pem", stage.read("ca.pem") + stage.read("proxy.pem"))
    return pipeline.changed(stage.read("sim.ini"),
                            (r"^ca_file = .*$", f"ca_file = {stage.path('both.pem')}\nlog_level = debug"))


def expect_passed_over(stage, name, host):
    answer, why = BAD_FIRST[name]
    first, second = map(re.escape, answer.split())
    for venue in ("kraken", "bitstamp"):
        lines = host.lines(rf"level=debug venue={venue} .*localhost:\d+ at {first}: {why}; "
                           rf"next address: {second}")
        stage.expect(lines, f"{name}: {venue} says what it passed over")
    stage.expect(not host.lines("cannot reach"), f"{name}: no outage")


def start_bad_firsts(stage, config):
    started = time.monotonic()
    hosts = {name: gates.start_host(stage, name, config, answer)
             for name, (answer, _) in BAD_FIRST.items()}
    return hosts, started


def expect_all_live(stage, hosts, started):
    for name, host in hosts.items():
        left_s = started + stage.limit(BOUND_S) - time.monotonic()
        stage.wait_until_live(host, max(left_s, 0), kraken=SYMBOLS, bitstamp=SYMBOLS)
        stage.figure(f"{name}.live_s", f"{time.monotonic() - started:.1f}")
        expect_passed_over(stage, name, host)


def expect_one_line(stage, host):
    """One for an outage, however often it was tried and whatever was tried first."""
    said = r"cannot reach localhost:\d+: 127\.0\.0\.6, 127\.0\.0\.7: connection refused or host"
    host.wait_for(r"at 127\.0\.0\.7: .*next address: none", stage.limit(5), count=3)
    for venue in ("kraken", "bitstamp"):
        lines = host.lines(rf"level=warn venue={venue} msg=\"cannot reach localhost")
        stage.expect(len(lines) <= 1 and all(re.search(said, line) for line in lines),
                     f"dead: {venue} says it once: {lines}")
    stage.expect(host.lines("cannot reach"), "dead: an outage is told")


def start_remembers(stage, config, loop, ports):
    silent = [gates.Gate(loop, "127.0.0.8", port, "silent") for port in ports]
    good = [gates.Gate(loop, "127.0.0.9", port, "pass") for port in ports]
    host = gates.start_host(stage, "remembers", config, "127.0.0.8 127.0.0.9")
    return host, silent, good


def expect_good_first(stage, host, silent, good):
    """What worked last is tried first: after a hang-up the silent address is left alone."""
    before = sum(gate.accepted for gate in silent)
    connected = sum(gate.accepted for gate in good)
    for gate in good:
        gate.hang_up()
    host.wait_for(r"venue=kraken msg=\"lost ", stage.limit(5))
    pipeline.poll(lambda: sum(gate.accepted for gate in good) >= connected + 2, stage.limit(6),
                  "both venues are connected again")
    stage.expect(sum(gate.accepted for gate in silent) == before,
                 "the address that was silent is not asked again")


def expect_slow_resolver_holds_nothing(stage, host):
    """A look-up is under way that takes ten seconds; the program ends at once."""
    started = time.monotonic()
    stage.expect(host.stop() == 0, "slow: the host ends with 0")
    stage.figure("slow.end_s", f"{time.monotonic() - started:.1f}")
    stage.expect(time.monotonic() - started < stage.limit(4), "slow: a look-up holds up no end")


def suite(stage):
    stage.simulator("--instruments", str(SYMBOLS), "--rate", "5", "--divergence-every", "0")
    certificate = proxies.make_certificate(stage)
    loop = proxies.start_loop()
    ports = [int(port) for port in stage.ports().values()]
    config = trust_both(stage)
    holes = [gates.BlackHole("127.0.0.3", port) for port in ports]
    for port in ports:
        gates.Gate(loop, "127.0.0.4", port, "silent")
        gates.Gate(loop, "127.0.0.5", port, "silent", certificate)
    hosts, started = start_bad_firsts(stage, config)
    dead = gates.start_host(stage, "dead", config, "127.0.0.6 127.0.0.7")
    nowhere = gates.start_host(stage, "nowhere", config, "fail")
    slow = gates.start_host(stage, "slow", config, "slow 127.0.0.1")
    remembers, silent, good = start_remembers(stage, config, loop, ports)
    expect_slow_resolver_holds_nothing(stage, slow)
    nowhere.wait_for(r"cannot reach localhost:\d+: name resolution failed \(Temporary failure",
                     stage.limit(5))
    gates.set_answer(stage, "nowhere", "127.0.0.1")
    expect_all_live(stage, hosts, started)
    expect_one_line(stage, dead)
    for port in ports:
        gates.Gate(loop, "127.0.0.7", port, "pass")
    for host in (nowhere, dead, remembers):
        stage.wait_until_live(host, stage.limit(12), kraken=SYMBOLS, bitstamp=SYMBOLS)
    expect_good_first(stage, remembers, silent, good)
    stage.figure("holes", len(holes))


if __name__ == "__main__":
    pipeline.main(suite, shim="")
