"""Consumers that join late: `arbspot verify`, and a strategy that is killed and started again.

On a healthy system everything is proven, at once and under load, and what is published of the venues'
clocks, which are wrong here, contains the truth. Then the topic is copied to other
brokers, the way a proxy would: unchanged, with one message lost, one damaged, one foreign. Each fault
is found, and named for what it is; LIVE is nothing there, because nobody says that it is alive.
"""

import json
import re
import signal
import subprocess
import time

import pipeline

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
RATE = 150  # changes per second and book: the broker inside a process gives little more
LIVE_WITHIN_MS = 2500  # a word of each host comes once a second
HEALTHY_S = 3  # a healthy system is watched
LOAD_S = 5  # of messages on the topic before anybody joins
SLOW_READER = 2  # how much longer a sanitizer may take to read what is less by its slowness
COPIED_MAX = 190  # messages: however they are spread, all are near the ends of their partitions
FAILED = 1
CLOCKS_MS = {"kraken": 250, "bitstamp": -120}  # how far they are ahead of ours
CLOCK_ERROR_MS = 50  # at most, on a loopback; under load a pong may wait


def call_verify(stage, brokers, seconds, *arguments):
    duration = f"{seconds * min(stage.slow, SLOW_READER) * 1000:.0f}ms"
    return stage.call("verify", "--brokers", brokers, "--duration", duration, *arguments)


def verify(stage, brokers, seconds=2):
    """Exit status and report."""
    answer = call_verify(stage, brokers, seconds, "--json")
    try:
        return answer.returncode, json.loads(answer.stdout)
    except ValueError:
        raise pipeline.Miss(f"verify says {answer.stdout[:300]} {answer.stderr[:300]}") from None


def totals(report):
    """The sums over all venues."""
    return {key: sum(venue[key] for venue in report["venues"])
            for key in ("books", "live", "messages", "gaps", "crc_mismatches", "duplicates")}


def is_proven(stage, brokers):
    """True once a short look finds every book LIVE and nothing wrong."""
    status, report = verify(stage, brokers)
    return status == 0 and totals(report)["live"] == BOOKS


def healthy(stage, brokers):
    status, report = verify(stage, brokers, HEALTHY_S)
    found = totals(report)
    late = max(venue["all_live_ms"] or 1e9 for venue in report["venues"])
    stage.figure("verify.all_live_ms", f"{late:.0f}")
    stage.figure("verify.messages", found["messages"])
    stage.expect(status == 0 and report["proven"] and report["not_ours"] == 0,
                 f"a healthy system is proven: {status} {report}")
    stage.expect(found["books"] == found["live"] == BOOKS, f"all books are LIVE: {found}")
    stage.expect(found["gaps"] == found["crc_mismatches"] == 0, f"no gap, no damage: {found}")
    stage.expect(late < stage.limit(LIVE_WITHIN_MS), f"LIVE after {late} ms")
    text = call_verify(stage, brokers, HEALTHY_S).stdout.decode()
    stage.expect(re.search(rf"^proven: {BOOKS} books, ", text, re.MULTILINE), f"for people: {text}")


def expect_clock(stage, venue, offset_ms, error_ms):
    stage.expect(abs(offset_ms - CLOCKS_MS[venue]) <= error_ms < stage.limit(CLOCK_ERROR_MS),
                 f"the clock of {venue} is off by {CLOCKS_MS[venue]} ms: {offset_ms} +- {error_ms}")


def clocks(stage, brokers):
    """What `verify` says of the venues' clocks is true, once it has read far enough to know both."""
    def known():
        venues = verify(stage, brokers)[1]["venues"]
        return venues if all("clock_error_ms" in venue for venue in venues) else None

    for venue in pipeline.poll(known, stage.limit(20), "both clocks are known"):
        offset_ms, error_ms = venue["clock_offset_ms"], venue["clock_error_ms"]
        stage.figure(f"verify.clock_ms.{venue['venue']}", f"{offset_ms:+.3f} +- {error_ms:.3f}")
        expect_clock(stage, venue["venue"], offset_ms, error_ms)


def clocks_on_topic(stage, lines):
    """Every message that says something of its venue's clock says what is true."""
    told = [message for message in map(message_of, lines) if "clock_error_ns" in message]
    stage.expect({message["venue"] for message in told} == set(CLOCKS_MS), "both clocks are told")
    for message in told:
        expect_clock(stage, message["venue"], message["clock_offset_ns"] / 1e6,
                     message["clock_error_ns"] / 1e6)


def strategy_only(text):
    """The configuration without the venues' connections: their fees and the strategy remain."""
    return re.sub(r"^(\[exchange:\w+\])$", r"\1\nenabled = no", text, flags=re.MULTILINE)


def live_after_ms(stage, strategy):
    """What the strategy says of its start."""
    match = strategy.wait_for(rf'msg="{BOOKS} of {BOOKS} books are live, since (-?\d+) ms',
                              stage.limit(10))
    return int(match.group(1))


def restarts(stage, config):
    for name, number in (("killed", signal.SIGKILL), ("again", signal.SIGINT)):
        strategy = stage.host(config, name=name)
        took = live_after_ms(stage, strategy)
        stage.figure(f"strategy_{name}.live_ms", took)
        stage.expect(took < stage.limit(LIVE_WITHIN_MS), f"{name}: LIVE after {took} ms")
        strategy.send(number)
        strategy.wait(pipeline.STOP_LIMIT_S)
    counts = {key: int(value) for key, value in
              re.findall(r"(\w+)=(\d+)", strategy.lines(r"strategy=\w+ .*markets=")[-1])}
    stage.expect((counts["books"], counts["live"]) == (BOOKS, BOOKS), f"all are LIVE: {counts}")
    stage.expect(counts["gaps"] == counts["crc_mismatches"] == 0, f"all are proven: {counts}")


def read_lines(stage, brokers):
    """
    What is on the topic, which has an end because nobody writes any more: key, tab, message. Without
    the offsets to begin at, which are those of this topic.
    """
    argv = [stage.options.kcat, "-C", "-q", "-e", "-u", "-b", brokers, "-t", "market-data",
            "-o", "beginning", "-X", "fetch.wait.max.ms=5", "-f", "%k\\t%s\\n"]
    answer = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=True,
                            timeout=stage.limit(30))
    return re.sub(r'"from":\d+,', "", answer.stdout.decode()).splitlines()


def message_of(line):
    return json.loads(line.partition("\t")[2])


def find_delta(lines):
    """The place of a delta of a LIVE book whose next message is a delta too: it will be missed."""
    waiting = {}  # book -> place of its last message, when that was a delta behind another message
    known = set()
    for i, line in enumerate(lines):
        message = message_of(line)
        if message["type"] == "alive":
            continue
        book = message["venue"], message["symbol"]
        if message["type"] == "delta" and book in waiting:
            return waiting[book]
        waiting.pop(book, None)
        if message["type"] == "delta" and book in known:
            waiting[book] = i
        if message["type"] == "snapshot":
            known.add(book)
    raise pipeline.Miss("no two deltas in a row on the topic")


def with_other_level(line):
    """The message with its first level replaced by one that is better than all, so that it counts."""
    key, _, text = line.partition("\t")
    changed = re.sub(r'"bids":\[\["([^"]+)","[^"]+"\]', r'"bids":[["9\1","1"]', text, count=1)
    if changed == text:
        changed = re.sub(r'"asks":\[\["[^"]+","[^"]+"\]', '"asks":[["0.1","1"]', text, count=1)
    assert changed != text, text
    return key + "\t" + changed


def copy(stage, name, lines):
    """A broker of its own with these messages on it; its address."""
    config = stage.write(name + ".ini",
                         "[kafka]\nbrokers = embedded\n[strategy:idle]\nplugin = cross_venue\n")
    brokers = stage.embedded_brokers(stage.host(config, name=name))
    path = stage.write(name + ".lines", "\n".join(lines) + "\n")
    argv = [stage.options.kcat, "-P", "-q", "-b", brokers, "-t", "market-data", "-K", "\\t", "-l", path]
    subprocess.run(argv, stdin=subprocess.DEVNULL, check=True, timeout=stage.limit(30))
    return brokers


def expect_fault(stage, name, lines, **fault):
    """Verifies a copy of the topic that has one fault, or none."""
    status, report = verify(stage, copy(stage, name, lines))
    found = {**totals(report), "not_ours": report["not_ours"]}
    wanted = {"gaps": 0, "crc_mismatches": 0, "duplicates": 0, "not_ours": 0, **fault}
    stage.expect({key: found[key] for key in wanted} == wanted, f"{name}: {found}")
    stage.expect(status == FAILED and found["live"] == 0,
                 f"{name}: nobody writes that topic any more, so nothing is LIVE: {status} {found}")


def faults(stage, lines):
    i = find_delta(lines)
    stage.figure("copied", len(lines))
    expect_fault(stage, "unchanged", lines)
    expect_fault(stage, "lost", lines[:i] + lines[i + 1:], gaps=1)
    expect_fault(stage, "repeated", lines[:i + 1] + lines[i:], duplicates=1)
    expect_fault(stage, "damaged", lines[:i] + [with_other_level(lines[i])] + lines[i + 1:],
                 crc_mismatches=1)
    expect_fault(stage, "foreign", lines + ['BTC/USD\t{"price":"63000"}'], not_ours=1)


def suite(stage):
    stage.simulator("--rate", str(round(RATE / stage.slow)), "--divergence-every", "1s",
                    *(f"--clock-offset={venue}={ms:+}ms" for venue, ms in CLOCKS_MS.items()))
    brokers = stage.broker()
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers)
    host = stage.host(stage.write("host.ini", text))
    stage.wait_until_live(host, stage.limit(10), kraken=SYMBOLS, bitstamp=SYMBOLS)
    pipeline.poll(lambda: is_proven(stage, brokers), stage.limit(10), "all books are on the topic")
    time.sleep(LOAD_S)
    healthy(stage, brokers)
    restarts(stage, stage.write("strategy.ini", strategy_only(text)))
    clocks(stage, brokers)
    stage.expect(host.stop() == 0, "the host ends with 0")
    lines = read_lines(stage, brokers)
    clocks_on_topic(stage, lines)
    # Its last words are behind all that is read again: a busy machine needs longer to get there.
    status, report = verify(stage, brokers, 2 * HEALTHY_S)
    stage.expect(status == FAILED and totals(report)["live"] == 0,
                 f"a host that stopped has no LIVE book to prove: {status} {report}")
    faults(stage, lines[:COPIED_MAX])
    empty = copy(stage, "empty", [])
    status, report = verify(stage, empty)
    stage.expect(status == FAILED and report["books"] == 0, f"nothing is no proof: {report}")


if __name__ == "__main__":
    pipeline.main(suite)
