"""How the host ends: cleanly, with a broker that never was, without exchanges, and at once."""

import re
import signal
import time

import bus as messages
import pipeline

SYMBOLS = 3
BOOKS = 2 * SYMBOLS
ENOUGH = 300  # messages before the clean end
CLEAN_WITHIN_S = 2
NO_BROKER_S = 0.5 + 2  # for what cannot be delivered, and a request of 1 s at either end of it
STOP_S = 15  # limit for any of them
SAME_SIGNAL_S = 1.5  # so soon after the first one, another signal means the same
AT_ONCE_S = 1
RETRIES_S = 4  # how long a host without exchanges is watched
NO_BROKER = "127.0.0.1:1"


def closing_counts(host):
    line = host.lines(r"kafka=publisher .*produced=")[-1]
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


def timed_stop(stage, host, number, name):
    started = time.monotonic()
    status = host.stop(number, stage.limit(STOP_S))
    took = time.monotonic() - started
    stage.figure(f"{name}.seconds", f"{took:.2f}")
    return status, took


def clean(stage, brokers):
    """SIGINT: STALE is each book's last word, and everything was delivered."""
    host = stage.host(stage.write("clean.ini",
                                  pipeline.use_brokers(stage.read("sim.ini"), brokers)))
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: bus.count_in("LIVE") == BOOKS, stage.limit(10), "all books LIVE")
    pipeline.poll(lambda: bus.opportunities and sum(topic.count for topic in bus.topics) > ENOUGH,
                  stage.limit(20), f"an opportunity and {ENOUGH} messages")
    status, took = timed_stop(stage, host, signal.SIGINT, "clean")
    stage.expect(status == 0, f"exit status {status} instead of 0")
    stage.expect(took < stage.limit(CLEAN_WITHIN_S), f"took {took:.1f} s")

    counts = closing_counts(host)
    stage.expect(counts["produced"] == counts["delivered"] > 0 and counts["failed"] == 0,
                 f"everything is delivered: {counts}")
    pipeline.poll(lambda: sum(topic.count for topic in bus.topics) >= counts["delivered"],
                  stage.limit(5), f"{counts['delivered']} messages on the topics")
    time.sleep(0.2)  # for more than there should be
    # The broker's own process has a strategy that says that it runs, and so has this host.
    read = sum(topic.count for topic in bus.topics)
    surplus = read - counts["delivered"]
    stage.expect(0 <= surplus <= bus.n_words_of_strategies,
                 f"{read} messages read of {counts['delivered']}")
    for name, book in bus.books.items():
        stage.expect((book.last_kind, book.state) == ("status", "STALE"),
                     f"{name} ends with {book.last_kind} {book.state}")
    closed = {(message["session"], message["id"]): message["event"]
              for message in bus.opportunities}
    stage.expect(set(closed.values()) == {"close"}, "no opportunity is left open")
    stage.figure("clean.delivered", counts["delivered"])
    messages.expect_sound(stage, bus)


def no_broker(stage):
    """SIGTERM when no broker ever answered: it ends soon, with one line about the broker."""
    config = stage.write("nobroker.ini",
                         pipeline.use_brokers(stage.read("sim.ini"), NO_BROKER))
    host = stage.host(config, name="nobroker")
    stage.wait_until_live(host, stage.limit(10), kraken=SYMBOLS, bitstamp=SYMBOLS)
    host.wait_for("no Kafka broker can be reached at " + NO_BROKER, stage.limit(10))
    status, took = timed_stop(stage, host, signal.SIGTERM, "no_broker")
    stage.expect(status == 1, f"exit status {status} instead of 1")
    stage.expect(took < stage.limit(NO_BROKER_S), f"took {took:.1f} s")
    stage.expect(len(host.lines("not everything was delivered in time")) == 1,
                 "one line says that not everything was delivered")
    told = host.lines("no Kafka broker can be reached")
    stage.expect(len(told) == 1, f"one line about the broker: {told}")


def while_starting(stage):
    """A host that still looks for a broker says so, and ends soon."""
    config = stage.write("starting.ini",
                         pipeline.use_brokers(stage.read("sim.ini"), NO_BROKER))
    host = stage.start("starting", [stage.options.arbspot, "run", "-c", config])
    host.wait_for("waiting up to 5 s for Kafka at " + NO_BROKER, stage.limit(5))
    status, took = timed_stop(stage, host, signal.SIGTERM, "while_starting")
    stage.expect(status == 0, f"exit status {status} instead of 0")
    stage.expect(took < stage.limit(CLEAN_WITHIN_S), f"took {took:.1f} s")
    stage.expect(host.lines("stopping before anything was started"), "it says so")


def is_all_new(bus, since_ns):
    return len(bus.books) == BOOKS and all(book.venue_ns > since_ns for book in bus.books.values())


def at_once(stage, broker, brokers):
    """A broker that was there is waited for at the end; a second signal does not wait."""
    started_ns = time.time_ns()
    config = pipeline.use_brokers(stage.read("sim.ini"), brokers)
    host = stage.host(stage.write("atonce.ini", config), name="atonce")
    bus = messages.attach(stage, brokers)
    pipeline.poll(lambda: bus.snapshot_of(lambda: is_all_new(bus, started_ns)), stage.limit(10),
                  "all books on the topic")
    broker.stop(signal.SIGKILL)
    host.send(signal.SIGINT)
    host.send(signal.SIGINT)  # as from `timeout`, which sends each signal twice
    host.wait_for('msg="stopping"', stage.limit(5))
    time.sleep(SAME_SIGNAL_S)
    stage.expect(host.is_running(), "the first signal waits for what is under way")
    status, took = timed_stop(stage, host, signal.SIGINT, "at_once")
    stage.expect(status == 1, f"exit status {status} instead of 1")
    stage.expect(took < stage.limit(AT_ONCE_S), f"took {took:.1f} s")


def no_exchange(stage, sim):
    """No simulator: one clear line for each venue, and a clean end."""
    sim.stop()
    host = stage.host("sim.ini", name="noexchange")
    time.sleep(RETRIES_S)
    for venue in ("kraken", "bitstamp"):
        lines = host.lines(f"venue={venue} .*cannot reach")
        stage.expect(len(lines) == 1 and "retrying" in lines[0], f"one line for {venue}: {lines}")
    stage.expect(len(host.lines("level=(warn|error)")) == 2, "and no other complaint: " +
                 str(host.lines("level=(warn|error)")))
    stage.expect(not host.lines("books are live"), "nothing is live")
    status, took = timed_stop(stage, host, signal.SIGINT, "no_exchange")
    stage.expect(status == 0, f"exit status {status} instead of 0")
    stage.expect(took < stage.limit(CLEAN_WITHIN_S), f"took {took:.1f} s")


def suite(stage):
    sim = stage.simulator("--divergence-every", "1s")
    brokers = stage.broker()
    broker = stage.programs[-1]
    clean(stage, brokers)
    no_broker(stage)
    while_starting(stage)
    at_once(stage, broker, brokers)
    no_exchange(stage, sim)


if __name__ == "__main__":
    pipeline.main(suite)
