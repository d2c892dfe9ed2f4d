"""What is missing for longer than [host] silence is said once, with its cause, and when it is over."""

import os
import re
import signal

import pipeline
import verify

SILENCE = ("[host]\n", "[host]\nsilence = 2s\n")
UNREACHABLE = """
[host]
silence = 2s
[kafka]
brokers = {brokers}
{kafka}
[exchange:kraken]
enabled = {enabled}
symbols = BTC/USD
taker_fee = 0.4%
url = wss://localhost:1/v2
[strategy:cross_venue]
source = kafka
{strategy}
"""


def no_connection(stage):
    """An exchange that cannot be reached, and so no book for the strategy either."""
    config = stage.write("unreachable.ini", UNREACHABLE.format(
        brokers="embedded", kafka="partitions = 1", enabled="yes", strategy="group = readers"))
    host = stage.host(config, name="unreachable")
    host.wait_for(r'venue=kraken msg="no book is live for 2 s: not connected: cannot reach '
                  r"localhost:1: connection refused or host unreachable\"", stage.limit(10))
    host.wait_for(r'strategy=cross_venue msg="none of 0 books is live for \d s, although messages '
                  r"come: their hosts have no book yet", stage.limit(20))
    return host


def no_partition(stage, host):
    """One more member of the group than there are partitions."""
    brokers = stage.embedded_brokers(host)
    config = stage.write("member.ini", UNREACHABLE.format(
        brokers=brokers, kafka="rdkafka.fetch.wait.max.ms = 1", enabled="no",
        strategy="group = readers"))
    member = stage.host(config, name="member")
    # Which of the two gets the partition is for the broker to say.
    def is_said():
        return [line for one in (host, member)
                for line in one.lines(r"nothing has come for \d+ s: its group has given it no partition "
                                      r"of topic market-data: the group has more members")]
    pipeline.poll(is_said, stage.limit(40), "a member without a partition says so")
    stage.expect(member.stop() == 0, "the member ends with 0")


def no_topic(stage, host):
    brokers = stage.embedded_brokers(host)
    config = stage.write("log.ini", UNREACHABLE.format(
        brokers=brokers, kafka="opportunity_topic = nowhere", enabled="no", strategy=""))
    log = stage.start("log", [stage.options.arbspot, "log", "-c", config])
    log.wait_for(r'kafka=log msg="no opportunity can be read for \d s: ', stage.limit(15))
    stage.expect(log.stop() == 0, "log ends with 0")
    answer = stage.call("verify", "--brokers", "127.0.0.1:1", "--duration", "1s")
    stage.expect(b"not proven: no message came: no Kafka broker can be reached at 127.0.0.1:1 (" in
                 answer.stdout and answer.returncode == 1, f"verify of nothing: {answer}")


def stalled(stage):
    """Books that leave LIVE and come back."""
    sim = stage.simulator()
    brokers = stage.broker()
    text = pipeline.use_brokers(stage.read("sim.ini"), brokers).replace(*SILENCE)
    config = stage.write("host.ini", text)
    host = stage.host(config)
    stage.wait_until_live(host, stage.limit(15), kraken=3, bitstamp=3)
    sim.send(signal.SIGSTOP)
    try:
        host.wait_for(r'venue=kraken msg="no book is live for \d s: subscribed, but 3 books are STALE '
                      r"and 0 UNUSABLE; last reason: (what arrives may be|the venue is silent)",
                      stage.limit(15))
    finally:
        sim.send(signal.SIGCONT)
    host.wait_for(r'venue=kraken msg="there are live books again, after \d+ s"', stage.limit(20))
    stage.expect(len(host.lines(r'venue=kraken msg="no book is live')) == 1, "it is said once")
    stage.expect(host.stop() == 0, "the host ends with 0")
    return text


def clocks(stage, text):
    """The host's clock is an hour behind that of the strategy: all is too old for it."""
    sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    config = stage.write("behind.ini", re.sub(r"(?ms)^\[strategy.*", "", text))
    host = stage.start("behind", ["env", f"LD_PRELOAD={stage.options.shim}",
                                  f"ASAN_OPTIONS={sanitizer}", stage.options.arbspot, "run", "-c",
                                  config])
    host.wait_for(r'msg="running', stage.limit(10))
    strategy = stage.host(stage.write("strategy.ini", verify.strategy_only(text)), name="strategy")
    strategy.wait_for(r'strategy=cross_venue msg="the clock of this machine is (3599\.9|3600\.\d) s '
                      r"ahead of that of \S+/\d+, which publishes (kraken|bitstamp): its books look "
                      r"so much older, so what is too old for it \(max_age\) is left out",
                      stage.limit(30))
    stage.expect(strategy.stop() == 0 and host.stop() == 0, "both end with 0")


def suite(stage):
    host = no_connection(stage)
    no_partition(stage, host)
    no_topic(stage, host)
    stage.expect(host.stop() == 0, "the host ends with 0")
    clocks(stage, stalled(stage))


if __name__ == "__main__":
    pipeline.main(suite, shim="")
