"""A host is started again with its clock an hour behind: consumers follow the new run at once.

A strategy and `arbspot verify`, both on the true clock, take the books of the second run as LIVE
while those of the first are still on the topic, before them.
"""

import json
import os
import re

import pipeline
import verify

SYMBOLS = 3
BOOKS = 2 * SYMBOLS


def start(stage, name, config, *environment):
    host = stage.start(name, ["env", *environment, stage.options.arbspot, "run", "-c", config])
    host.wait_for(r'msg="running', stage.limit(10))
    return host


def sessions(runs, _, value):
    message = json.loads(value)
    if "venue" in message:
        runs.add(int(message["session"], 16))


def verify_says(stage, brokers):
    answer = stage.call("verify", "--brokers", brokers, "--duration", "1s", "--json")
    return answer.returncode, json.loads(answer.stdout)


def is_live(stage, brokers):
    status, report = verify_says(stage, brokers)
    return status == 0 and sum(venue["live"] for venue in report["venues"]) == BOOKS


def suite(stage):
    stage.simulator()
    brokers = stage.broker()
    config = stage.write("host.ini", pipeline.use_brokers(stage.read("sim.ini"), brokers))
    runs = set()
    stage.read_topic(brokers, "market-data", lambda key, value, _: sessions(runs, key, value))

    first = stage.host(config, name="first")
    pipeline.poll(lambda: is_live(stage, brokers), stage.limit(20), "the first run is LIVE")
    strategy = stage.host(stage.write("strategy.ini", verify.strategy_only(stage.read("host.ini"))),
                          name="strategy")
    verify.live_after_ms(stage, strategy)
    stage.expect(first.stop() == 0, "the first run ends with 0")
    pipeline.poll(lambda: len(runs) == 1, stage.limit(5), "one run is on the topic")
    before = max(runs)

    # AddressSanitizer wants to be the first library, but the shim it would miss allocates nothing.
    sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    second = start(stage, "second", config, f"LD_PRELOAD={stage.options.shim}",
                   f"ASAN_OPTIONS={sanitizer}")
    pipeline.poll(lambda: len(runs) == 2, stage.limit(20), "a second run is on the topic")
    stage.expect(max(runs) > before, f"the second run is the greater one: {runs}")
    pipeline.poll(lambda: is_live(stage, brokers), stage.limit(20), "the second run is LIVE")
    stage.expect(strategy.stop() == 0, "the strategy ends with 0")
    live = re.search(r" live=(\d+)", strategy.lines(r"strategy=\w+ .*markets=")[-1]).group(1)
    stage.expect(int(live) == BOOKS, f"the strategy has all books LIVE: {live}")
    stage.expect(not second.lines("level=warn kafka=last_run"), "the last run could be read")
    stage.expect(second.stop() == 0, "the second run ends with 0")


if __name__ == "__main__":
    pipeline.main(suite, shim="")
