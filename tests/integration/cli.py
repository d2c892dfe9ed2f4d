"""What the commands answer: help, version, inspect, replay, and log on a running host."""

import json
import os
import re
import signal
import subprocess

import pipeline

USAGE = 64
COMMANDS = ("run", "check", "inspect", "venues", "new", "log", "why", "matrix", "top", "view", "web", "survival", "verify", "replay")
COUNT = 5  # opportunities taken from the topic
# Recordings, the plugin's options, and what must come out.
REPLAYS = (
    ("kraken", "BTC/USD", ("depth=10",), ("crossbook/kraken_btcusd_l2.cbcap",)),
    ("kraken", "BTC/USD", ("depth=25",), ("crossbook/kraken_btcusd_sample.cbcap",)),
    ("bitstamp", "BTC/USD", ("mode=diff",), ("cryptofeed/bitstamp_2021-04-17.catalog.txt",
                                             "cryptofeed/bitstamp_2021-04-17.http.txt",
                                             "cryptofeed/bitstamp_2021-04-17.ws.txt")),
)


def expect_status(stage, answer, status, what):
    return stage.expect(answer.returncode == status,
                        f"{what}: status {answer.returncode}: {answer.stderr.decode()[:300]}")


def try_help(stage):
    everything = stage.call("--help")
    expect_status(stage, everything, 0, "--help")
    for command in COMMANDS:
        stage.expect(re.search(rf"^  {command} ", everything.stdout.decode(), re.MULTILINE),
                     f"--help names {command}")
        answer = stage.call(command, "--help")
        expect_status(stage, answer, 0, f"{command} --help")
        stage.expect(f"arbspot {command}" in answer.stdout.decode() and answer.stderr == b"",
                     f"{command} --help goes to stdout")
        expect_status(stage, stage.call(command, "--nonsense"), USAGE, f"{command} --nonsense")
    for wrong in ((), ("frobnicate",), ("run",), ("check",), ("inspect",), ("new",), ("log",), ("matrix",), ("view",),
                  ("verify",), ("replay",)):
        answer = stage.call(*wrong)
        expect_status(stage, answer, USAGE, f"arbspot {wrong}")
        stage.expect(answer.stdout == b"" and answer.stderr != b"", f"arbspot {wrong}: to stderr")
        first = answer.stderr.decode().split("\n")[0]
        speaker = f"arbspot {wrong[0]}: " if wrong and wrong[0] in COMMANDS else "arbspot: "
        stage.expect(first.startswith(speaker), f"arbspot {wrong}: the mistake comes first: {first}")
    stage.expect(b"'replay'" in stage.call("reply").stderr, "a near command is suggested")


def run_tool(stage, *argv):
    """Runs a program to its end and returns what it printed."""
    answer = subprocess.run(argv, cwd=stage.directory, stdin=subprocess.DEVNULL, capture_output=True,
                            check=False, timeout=stage.limit(20))
    expect_status(stage, answer, 0, " ".join(argv))
    return answer.stdout.decode()


def try_usage(stage):
    """Every text fits a terminal and begins how to call it in the same way."""
    harness = os.path.join(os.path.dirname(stage.options.sim), "arbspot-harness")
    programs = [[stage.options.arbspot]] + [[stage.options.arbspot, command] for command in COMMANDS]
    for program in programs + [[stage.options.sim], [harness]]:
        text = run_tool(stage, *program, "--help")
        stage.expect(re.search("^Usage: ", text, re.MULTILINE), f"{program}: {text[:200]}")
        long = [line for line in text.split("\n") if len(line) > 100]
        stage.expect(not long, f"{program}: {long}")


def try_state_dir(stage):
    """The simulator makes the folder, for nobody else to read, and uses it again."""
    folder = stage.path("state")
    command = [stage.options.sim, "--state-dir", folder, "--duration", "10ms"]
    run_tool(stage, *command)
    first = stage.read("state/ca.pem")
    stage.expect(os.stat(folder).st_mode & 0o777 == 0o700, "the folder has a private key in it")
    run_tool(stage, *command)
    stage.expect(stage.read("state/ca.pem") == first, "the authority is kept")


def try_version(stage):
    answer = stage.call("--version")
    expect_status(stage, answer, 0, "--version")
    stage.expect(re.fullmatch(r"arbspot \d+\.\d+\.\d+ \(plugin ABI \d+\.\d+\)\n",
                              answer.stdout.decode()), f"--version: {answer.stdout}")


def try_inspect(stage):
    for plugin, option in (("kraken", "depth"), ("bitstamp", "mode"), ("cross_venue", "max_age")):
        by_path = stage.call("inspect", os.path.join(stage.options.plugins, plugin + ".so"))
        expect_status(stage, by_path, 0, f"inspect {plugin}.so")
        for part in (rf"^{plugin} ", rf"^  {option} = ", r"^  ABI +\d"):
            stage.expect(re.search(part, by_path.stdout.decode(), re.MULTILINE),
                         f"inspect {plugin}: no /{part}/ in {by_path.stdout.decode()}")
        by_name = stage.call("inspect", plugin)
        stage.expect(by_name.stdout == by_path.stdout, f"inspect {plugin}: by name and by path")
    planless = stage.call("inspect", os.path.join(stage.options.fixtures, "planless.so"))
    expect_status(stage, planless, 1, "inspect planless.so")
    stage.expect(b"breaks the rule that plan.loss_detection" in planless.stdout,
                 f"inspect names the rule: {planless.stdout}")
    missing = stage.call("inspect", "/nonexistent.so")
    stage.expect(missing.returncode not in (0, USAGE) and b"nonexistent" in missing.stderr,
                 f"inspect of nothing: {missing}")


def try_replay(stage):
    """Two replays of one recording give identical bytes, all of them messages of LIVE books."""
    for plugin, symbol, sets, files in REPLAYS:
        arguments = ["replay", "--plugin", os.path.join(stage.options.plugins, plugin + ".so"),
                     "--symbols", symbol]
        for option in sets:
            arguments += ["--set", option]
        arguments += [os.path.join(stage.options.data, name) for name in files]
        answers = [stage.call(*arguments, limit_s=30) for _ in range(2)]
        expect_status(stage, answers[0], 0, f"replay {files[0]}")
        stage.expect(answers[0].stdout == answers[1].stdout, f"replay {files[0]}: other bytes")
        lines = answers[0].stdout.splitlines()
        levels = [json.loads(line) for line in lines]
        stage.expect(sum(message["type"] != "status" for message in levels) > 10,
                     f"replay {files[0]}: hardly any message")
        stage.expect(re.search(r"^frames=\d+ .*mismatched=0 crossed=0 ",
                               answers[0].stderr.decode(), re.MULTILINE),
                     f"replay {files[0]}: {answers[0].stderr}")
        stage.figure(f"replay.{os.path.basename(files[0])}", f"{len(lines)} messages")


def try_names(stage):
    """A plugin is named as for inspect; what the recording does not hold is said by its name."""
    file = os.path.join(stage.options.data, "crossbook/kraken_btcusd_l2.cbcap")
    recording = ["--set", "depth=10", file]
    by_name, by_path = (stage.call("replay", "--plugin", plugin, "--symbols", "BTC/USD", *recording, limit_s=30)
                        for plugin in ("kraken", os.path.join(stage.options.plugins, "kraken.so")))
    expect_status(stage, by_name, 0, "replay --plugin kraken")
    stage.expect(by_name.stdout == by_path.stdout, "replay: by name and by path")
    stage.expect(b"has no book" not in by_name.stderr, f"replay has its book: {by_name.stderr[-300:]}")
    other = stage.call("replay", "--plugin", "kraken", "--symbols", "ETH/USD,BTC/USD", *recording, limit_s=30)
    expect_status(stage, other, 1, "replay of another symbol")
    stage.expect(re.search(r"\narbspot replay: the recording has no book of ETH/USD; it says of itself: "
                           r"CBCAP1 kraken BTC/USD \d+\n$", other.stderr.decode()), f"replay: {other.stderr[-300:]}")
    for command in (("replay", "--plugin", "krakn", "--symbols", "A/B", "x"), ("inspect", "krakn")):
        answer = stage.call(*command)
        expect_status(stage, answer, 1, " ".join(command))
        stage.expect(re.search(rb"there is no krakn\.so in /.*: give a path, such as \./krakn\.so\n$", answer.stderr)
                     and b"plugin_dir" not in answer.stderr, f"{command[0]} krakn: {answer.stderr}")


def try_why(stage, brokers):
    """Both venues with their prices, the best pair in bps, and a reason that was counted."""
    config = ("-c", stage.path("sim.ini"))
    told = stage.call("why", "ETH/USD", *config, "-b", brokers, "-d", "3s", limit_s=20)
    expect_status(stage, told, 0, "why")
    text = told.stdout.decode()
    for venue in ("kraken", "bitstamp"):
        stage.expect(re.search(rf"^{venue} +LIVE +[0-9.]+ +[0-9.]+ +[0-9.]+ ", text, re.MULTILINE),
                     f"why: {venue} with its prices: {text}")
    bps = re.search(r"^in bps: +gross (\S+), fees (\S+), net (\S+),", text, re.MULTILINE)
    stage.expect(bps and abs(float(bps[1]) - float(bps[2]) - float(bps[3])) < 0.011,
                 f"why: the net is the gross less the fees: {text}")
    reason = re.search(r"^why not: +(\w+): ", text, re.MULTILINE)
    stage.expect(reason is None or int(re.search(rf" {reason[1]}=(\d+)", text)[1]) > 0,
                 f"why: the reason was counted: {text}")
    stage.expect(re.search(r"^(why: +it is an opportunity|why not: )", text, re.MULTILINE), f"why: a reason: {text}")
    unknown = stage.call("why", "XXX/USD", *config, "-b", brokers, "-d", "1s", limit_s=20)
    expect_status(stage, unknown, 1, "why of no instrument")
    stage.expect(b"no venue has XXX/USD" in unknown.stderr, f"why of no instrument: {unknown.stderr}")
    expect_status(stage, stage.call("why", "ETH/USD", *config), USAGE, "why without the broker's address")
    other = stage.call("why", "ETH/USD", *config, "-b", brokers, "-s", "other")
    expect_status(stage, other, 78, "why of no strategy")
    stage.expect(b"other: the configuration has no such strategy" in other.stderr, f"why: {other.stderr}")


def try_log(stage):
    """`arbspot log` on the embedded broker of a running host, for people and for machines."""
    stage.simulator("--divergence-every", "1s")
    host = stage.start("host", [stage.options.arbspot, "run", "-c", stage.path("sim.ini"), "--brief"])
    brokers = stage.embedded_brokers(host)
    as_json = stage.call("log", "--brokers", brokers, "--json", "--from-beginning",
                         "--count", str(COUNT))
    expect_status(stage, as_json, 0, "log --json")
    opportunities = [json.loads(line) for line in as_json.stdout.splitlines()]
    stage.expect(len(opportunities) == COUNT, f"{len(opportunities)} opportunities of {COUNT}")
    stage.expect(all(one["type"] == "opportunity" and one["v"] == 2 for one in opportunities),
                 "each line is an opportunity")
    text = stage.call("log", "-b", brokers, "-f", "-n", str(COUNT))
    expect_status(stage, text, 0, "log")
    stage.expect(text.stdout.count(b"\n") >= COUNT and b"/USD" in text.stdout and
                 b"\x1b" not in text.stdout, f"log for people, without colours: {text.stdout}")
    brief = stage.call("log", "-b", brokers, "--from-beginning", "--count", str(COUNT), "--brief",
                       "--json")
    expect_status(stage, brief, 0, "log --brief")
    events = [json.loads(line)["event"] for line in brief.stdout.splitlines()]
    stage.expect(events == ["open"] * COUNT, f"log --brief: {events}")
    pipeline.poll(lambda: stage.call("survival", "-b", brokers, "-f", "-d", "1s", "--json").returncode == 0,
                  stage.limit(20), "what is left is told")
    rest = stage.call("survival", "-b", brokers, "-f", "-d", "1s")
    expect_status(stage, rest, 0, "survival")
    lines = rest.stdout.splitlines()
    stage.expect(lines[0].split()[:3] == [b"STRATEGY", b"VENUES", b"AFTER"] and b" ms " in lines[1],
                 f"survival for people: {lines[:2]}")
    nothing = stage.call("survival", "-b", brokers, "-t", "market-data", "-d", "200ms")
    expect_status(stage, nothing, 1, "survival of another topic")
    try_why(stage, brokers)
    follower = stage.start("log", [stage.options.arbspot, "log", "-b", brokers, "--json"])
    pipeline.poll(lambda: follower.out().count("\n") >= 1, stage.limit(20), "a new opportunity")
    stage.expect(follower.stop(signal.SIGINT) == 0, "an interrupted log ends with 0")
    stage.expect(host.stop() == 0, "the host ends with 0")
    printed = [line.split()[1] for line in host.out().splitlines() if not line.startswith("TIME")]
    stage.expect(printed and set(printed) == {"open"}, f"run --brief: {set(printed)}")
    stage.figure("log.opportunities", len(opportunities))


def suite(stage):
    try_help(stage)
    try_usage(stage)
    try_state_dir(stage)
    try_version(stage)
    try_inspect(stage)
    try_replay(stage)
    try_names(stage)
    try_log(stage)


if __name__ == "__main__":
    pipeline.main(suite, data="")
