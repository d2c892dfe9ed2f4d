"""Bad configurations and bad plugins are refused with status 78, and nothing is started."""

import os
import re

import pipeline

REFUSED = 78
GOOD = """[kafka]
brokers = embedded
[exchange:kraken]
symbols = BTC/USD
taker_fee = 0.26%
url = wss://localhost:1/v2
[strategy:cross_venue]
"""
# What is wrong -> (what is done to GOOD, what the answer must say).
CASES = {
    "unknown section": (("[strategy:cross_venue]", "[stratgy:cross_venue]"), r":7: .*stratgy"),
    "unknown key": (("brokers", "broker"), r":2: \[kafka\] broker: .*did you mean 'brokers'"),
    "missing key": (("taker_fee = 0.26%\n", ""), r":3: \[exchange:kraken\] taker_fee: missing"),
    "key given twice": (("taker_fee = 0.26%", "taker_fee = 1bp\ntaker_fee = 2bp"),
                        r":6: .*taker_fee"),
    "not a share": (("0.26%", "0.26"), r":5: \[exchange:kraken\] taker_fee: '0.26'"),
    "not a symbol": (("BTC/USD", "BTCUSD"), r":4: \[exchange:kraken\] symbols: 'BTCUSD'"),
    "option out of range": (("url =", "depth = 26\nurl ="), r":6: .*depth: '26' is not one of"),
    "option unknown": (("url =", "urll ="), r":6: \[exchange:kraken\] urll: .*'url'"),
    "no such plugin": (("[exchange:kraken]\n", "[exchange:kraken]\nplugin = krakn\n"),
                       r":4: \[exchange:kraken\] plugin: .*krakn"),
    "wrong kind of plugin": (("[strategy:cross_venue]\n", "[strategy:x]\nplugin = kraken\n"),
                             r":8: \[strategy:x\] plugin: .*kraken"),
    "section twice": (("[strategy:cross_venue]\n", "[kafka]\nbrokers = a:1\n"), r":7: .*line 1"),
    "text before a section": (("[kafka]\n", "brokers = a:1\n[kafka]\n"), r":1: "),
    "nothing to do": ((GOOD, "[kafka]\nbrokers = embedded\n"), "nothing to do"),
}
BROKEN = {  # fixtures and what is wrong with them
    "bad_magic": "magic number",
    "broken_options": "depth",
    "callback_is_data": r"callback ask\(\) is no code",
    "callbacks_nowhere": "table of callbacks points outside",
    "countless_options": r"\d+ options, at most 200",
    "exits_when_loaded": "ends the process that loads it",
    "description_nowhere": "description points outside",
    "many_options_too_many": "claims 200 options",
    "missing_callback": r"lacks the callback ask\(\)",
    "name_nowhere": "name points outside",
    "newer_minor": r"ABI \d+\.\d+, this host speaks \d+\.\d+",
    "no_options_but_a_number": "names 2 options and no table",
    "not_a_plugin": "no symbol arb_plugin",
    "older_major": r"ABI \d+\.\d+, this host speaks \d+\.\d+",
    "option_text_nowhere": "option 1 .* has a text outside",
    "options_nowhere": "claims 2 options",
    "other_major": r"ABI \d+\.\d+, this host speaks \d+\.\d+",
    "overlong": "bytes",
    "short_callbacks": r"claim a size of 24 bytes",
    "small_instance": "'mode' ends behind the instance",
    "some_options_too_many": "option 3 .* has a text outside",
    "too_small": "bytes",
    "uncounted_options": "names 0 options and a table",
}
LOADABLE = {"good", "least", "in_cpp", "deep", "troubled", "troubled_strategy"}


def expect_refused(stage, name, config, says):
    """Both commands must refuse it in the same words, and `run` without having begun."""
    answers = [stage.call(command, "-c", config) for command in ("check", "run")]
    for answer in answers:
        text = answer.stderr.decode()
        stage.expect(answer.returncode == REFUSED, f"{name}: status {answer.returncode}: {text}")
        stage.expect(re.search(says, text), f"{name}: /{says}/ is not in: {text}")
        stage.expect("level=" not in text, f"{name}: something was started: {text}")
        stage.expect(answer.stdout == b"", f"{name}: {answer.stdout} on stdout")
    stage.expect(answers[0].stderr == answers[1].stderr, f"{name}: check and run disagree")


def try_cases(stage):
    for name, ((old, new), says) in CASES.items():
        assert old in GOOD, name
        expect_refused(stage, name, stage.write("bad.ini", GOOD.replace(old, new, 1)), says)
    stage.figure("configurations.refused", len(CASES))


def try_all_at_once(stage):
    """Every problem is told in one go, each with its line."""
    text = GOOD.replace("brokers", "broker").replace("0.26%", "3").replace("BTC/USD", "BTCUSD")
    config = stage.write("bad.ini", text)
    expect_refused(stage, "all at once", config, r"(?s):1: .*:2: .*:4: .*:5: ")


def try_fixtures(stage):
    there = {name[:-3] for name in os.listdir(stage.options.fixtures) if name.endswith(".so")}
    stage.expect(there == set(BROKEN) | LOADABLE, f"a fixture nobody tries: {there}")
    for fixture, says in BROKEN.items():
        path = os.path.join(stage.options.fixtures, fixture + ".so")
        text = GOOD.replace("[exchange:kraken]\n", f"[exchange:kraken]\nplugin = {path}\n")
        text = text.replace("url = wss://localhost:1/v2\n", "")
        expect_refused(stage, fixture, stage.write("bad.ini", text), rf":4: .*{says}")
    stage.figure("plugins.refused", len(BROKEN))


def suite(stage):
    good = stage.call("check", "-c", stage.write("good.ini", GOOD))
    stage.expect(good.returncode == 0, f"the good one is good: {good.stderr}")
    expect_refused(stage, "no file", stage.path("none.ini"), "none.ini: cannot be opened")
    expect_refused(stage, "a directory", stage.directory, "cannot be read")
    try_cases(stage)
    try_all_at_once(stage)
    try_fixtures(stage)


if __name__ == "__main__":
    pipeline.main(suite)
