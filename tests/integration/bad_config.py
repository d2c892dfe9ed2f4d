"""Bad configurations and bad plugins are refused with status 78, and nothing is started.

By `check` and by `run` in the same words: what the one accepts, the other starts with.
"""

import os
import re
import subprocess

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
    "not a share in a schedule": (("0.26%", "0.26%, 5: 0.25"), r":5: \[exchange:kraken\] taker_fee: '0.25'"),
    "volumes that do not ascend": (("0.26%", "0.26%, 5: 0.25%, 5.0: 0.24%"),
                                   r":5: \[exchange:kraken\] taker_fee: the volume of '5.0: 0.24%' is not above"),
    "a fee without its volume": (("0.26%", "0.26%, 0.25%"),
                                 r":5: \[exchange:kraken\] taker_fee: '0.25%' has no volume"),
    "a first fee with a volume": (("0.26%", "0: 0.26%"),
                                  r":5: \[exchange:kraken\] taker_fee: '0: 0.26%' has a volume"),
    "not a volume": (("url =", "volume_30d = -1\nurl ="), r":6: \[exchange:kraken\] volume_30d: '-1'"),
    "default of nobody": (("url =", "[exchange:none]\nenabled = no\nsymbols = A/B\ntaker_fee = default\n"
                           "[exchange:kraken2]\nplugin = kraken\nsymbols = A/B\ntaker_fee = 1bp\nurl ="),
                          r":9: \[exchange:none\] taker_fee: the default is .* no none.so in "),
    "not a share of an instrument": (("[exchange", "[instrument:BTC/USD]\ntaker_fee.kraken = 1\n[exchange"),
                                     r":4: \[instrument:BTC/USD\] taker_fee.kraken: '1' is not a share"),
    "not an amount": (("url =", "inventory.BTC = 1 BTC\nurl ="),
                      r":6: \[exchange:kraken\] inventory.BTC: '1 BTC' is not a decimal from 0 on"),
    "not an asset": (("url =", "inventory.btc = 1\nurl ="),
                     r":6: \[exchange:kraken\] inventory.btc: 'btc' is no asset: write the asset in capitals"),
    "a withdrawal without its time": (("url =", "withdrawal.BTC = 0.0005\nurl ="),
                                      r":6: \[exchange:kraken\] withdrawal.BTC: '0.0005' is not what is taken"),
    "not a decimal": (("[exchange", "[instrument:BTC/USD]\ntick.kraken = -0.01\n[exchange"),
                      r":4: \[instrument:BTC/USD\] tick.kraken: '-0.01' is not a decimal from 0 on"),
    "a term of no exchange": (("[exchange", "[instrument:BTC/USD]\nmin_qty.krakn = 1\n[exchange"),
                              r":4: \[instrument:BTC/USD\] min_qty.krakn: there is no \[exchange:krakn\]; did you mean kraken"),
    "not a symbol": (("BTC/USD", "BTCUSD"), r":4: \[exchange:kraken\] symbols: 'BTCUSD'"),
    "option out of range": (("url =", "depth = 26\nurl ="), r":6: .*depth: '26' is not one of"),
    "option unknown": (("url =", "urll ="), r":6: \[exchange:kraken\] urll: .*'url'"),
    "no such plugin": (("[exchange:kraken]\n", "[exchange:kraken]\nplugin = krakn\n"),
                       r":4: \[exchange:kraken\] plugin: .*krakn"),
    "wrong kind of plugin": (("[strategy:cross_venue]\n", "[strategy:x]\nplugin = kraken\n"),
                             r":8: \[strategy:x\] plugin: .*kraken"),
    "an address by its name": (("[exchange", "[web]\nlisten = example.com:80\n[exchange"),
                              r":4: \[web\] listen: 'example.com:80' is no address in numbers: give ADDRESS:PORT"),
    "an address without a port": (("[exchange", "[web]\nlisten = 127.0.0.1\n[exchange"),
                                  r":4: \[web\] listen: '127.0.0.1' has no port"),
    "an address that others reach": (("[exchange", "[web]\nlisten = 0.0.0.0:9464\n[exchange"),
                                     r":4: \[web\] listen: others than this machine reach .*give token = @FILE"),
    "a page of many processes": (("[exchange", "[host]\nisolate = yes\n[web]\nlisten = 127.0.0.1:0\n[exchange"),
                                 r":6: \[web\] listen: with isolate = yes none of the processes has all books"),
    "a token in plain sight": (("[exchange", "[web]\ntoken = 0123456789abcdef\n[exchange"),
                               r":4: \[web\] token: a token does not stand here"),
    "a short token": (("[exchange", "[web]\ntoken = ${CHECK_SECRET}\n[exchange"),
                      r":4: \[web\] token: what \$\{CHECK_SECRET\} gives has 6 characters"),
    "a token that others may read": (("[exchange", "[web]\ntoken = @open.token\n[exchange"),
                                     r":4: \[web\] token: what @open.token holds may be read by others .*chmod 600"),
    "too many clients": (("[exchange", "[web]\nmax_clients = 129\n[exchange"),
                         r":4: \[web\] max_clients: '129' is not a whole number from 1 to 128"),
    "section twice": (("[strategy:cross_venue]\n", "[kafka]\nbrokers = a:1\n"), r":7: .*line 1"),
    "text before a section": (("[kafka]\n", "brokers = a:1\n[kafka]\n"), r":1: "),
    "nothing to do": ((GOOD, "[kafka]\nbrokers = embedded\n"), "nothing to do"),
}
SECRET = "geheim"  # in files and variables; no message repeats it
ENVIRONMENT = {"CHECK_SECRET": SECRET, "CHECK_EMPTY": "", "CHECK_LINES": SECRET + "\n",
               "CHECK_URL": f"wss://{SECRET}:0/"}
# Of an authority that was valid on the first day of 2020.
EXPIRED = """-----BEGIN CERTIFICATE-----
MIIBHjCBxQIUR+5Z94mx27LMG1sTr0Rb7Dzp6xQwCgYIKoZIzj0EAwIwEjEQMA4G
A1UEAwwHZXhwaXJlZDAeFw0yMDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBIx
EDAOBgNVBAMMB2V4cGlyZWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARjAO9K
EpfJATbZgVeG6LR/EU7b448F8qyE4BRnDhSth96wTvnNmUvkNYiEo0jV/n10ezNL
N1rBQml+XhKKzYcqMAoGCCqGSM49BAMCA0gAMEUCIQD+crjvs5V9uIF2xm3gfr9A
JoVngtf3RBLwdomFJv0WcwIgQtqfYxMDh4Sn8ctZmAbqIpWJg4FUCtQA8VT4OkX8
IkA=
-----END CERTIFICATE-----
"""
# What to put in the place of the url, which is line 6, and what the answer must say.
OPTIONS = {
    "TLS is not optional": ("url = ws://localhost:1/v2", "url: .*without TLS"),
    "another scheme": ("url = ftp://localhost", "url: .*must start with wss://"),
    "no scheme": ("url = localhost", "url: .*must start with wss://"),
    "a short URL": ("url = h", "url: .*must start with wss://"),
    "no host": ("url = wss:///v2", "url: .*the host is not"),
    "half an IPv6 address": ("url = wss://[::1/v2", "url: .*the host is not"),
    "an empty part": ("url = wss://a..b/", "url: .*the host is not"),
    "port 0": ("url = wss://localhost:0/v2", "url: .*the port is not"),
    "port 99999": ("url = wss://localhost:99999/v2", "url: .*the port is not"),
    "a blank": ("url = wss://local host/v2", "url: .*with a blank"),
    "a blank at the end": ('url = "wss://localhost "', "url: .*with a blank"),
    "a fragment": ("url = wss://localhost/#a", "url: .*'#'"),
    "a password": (f"url = wss://me:{SECRET}@localhost/", "url: a user and password in a URL"),
    "URL from outside": ("url = ${CHECK_URL}", r"url: what \$\{CHECK_URL\} gives makes no URL"),
    "no such variable": ("url = ${CHECK_NONE}", r"url: \$\{CHECK_NONE\} is not set"),
    "an empty variable": ("url = ${CHECK_EMPTY}", r"url: \$\{CHECK_EMPTY\} is empty"),
    "lines in a variable": ("url = ${CHECK_LINES}", r"url: what \$\{CHECK_LINES\} gives has a line"),
    "an open variable": ("url = ${CHECK_SECRET", r"url: a '\$\{' without its '\}'"),
    "no such file": ("url = @none", "url: the file .*none cannot be read: No such file"),
    "a folder": ("url = @folder", "url: the file .*folder is a folder"),
    "an empty file": ("url = @empty", "url: the file .*empty is empty"),
    "lines in a file": ("url = @lines", "url: the file .*lines has more than one line"),
    "an open quote": ('url = "wss://localhost', "url: the quote that begins the value is not closed"),
    "text behind a quote": ('url = "wss://localhost" x', "url: text behind the closing quote"),
    "only a comment": ("url = # wss", "url: the value is missing"),
    "secret out of range": ("depth = ${CHECK_SECRET}", r"depth: what \$\{CHECK_SECRET\} gives is not one"),
    "no authority": ("ca_file = none.pem", "ca_file: .*none.pem cannot be read: No such file"),
    "authority is a folder": ("ca_file = folder", "ca_file: .*folder is a folder"),
    "authority is empty": ("ca_file = empty", "ca_file: .*empty is empty"),
    "authority has expired": ("ca_file = expired.pem", "ca_file: every certificate in .*expired.pem has expired"),
    "authority is no PEM": ("ca_file = lines", "ca_file: .*lines holds no certificate in PEM"),
    "proxy with TLS": ("proxy = https://localhost:1", "proxy: TLS to the proxy"),
    "proxy with SOCKS": ("proxy = socks5://localhost:1", "proxy: SOCKS"),
    "proxy without a port": ("proxy = http://localhost", "proxy: the port is missing"),
    "proxy at port 0": ("proxy = http://localhost:0", "proxy: the port is not"),
    "proxy without a host": (f"proxy = http://me:{SECRET}@:80", "proxy: the host is not"),
}
# Lines behind [kafka] and brokers: the first of them is line 3.
KAFKA = {
    "acks = 1": (3, "acks: every message waits"),
    "acks = 0": (3, "acks: every message waits"),
    "request.required.acks = 2": (3, "request.required.acks: every message waits"),
    "max.in.flight = 10": (3, "max.in.flight: with more than 5"),
    "retries = 0": (3, "retries: without a retry"),
    "enable.idempotence = false": (3, "enable.idempotence: without idempotence"),
    "transactional.id = a": (3, "transactional.id: arbspot writes without transactions"),
    "partitioner = random": (3, "partitioner: arbspot chooses the partition"),
    "bootstrap.servers = 127.0.0.1:1": (3, "bootstrap.servers: the brokers are named by"),
    "group.id = a": (3, "group.id: the group of a strategy"),
    "enable.auto.commit = true": (3, "enable.auto.commit: arbspot keeps no offsets"),
    "auto.offset.reset = latest": (3, "auto.offset.reset: a reader whose place"),
    "isolation.level = none": (3, "isolation.level: Invalid value"),
    "linger.ms = 5000": (3, "linger.ms: consumers take a host for dead"),
    "message.timeout.ms = 10": (3, "message.timeout.ms: messages would be given up"),
    "message.max.bytes = 1000": (3, "message.max.bytes: books are cut to a million bytes"),
    "no.such.key = 1": (3, 'no.such.key: No such configuration property: "no.such.key"'),
    "security.protocol = TLS": (3, 'security.protocol: Invalid value "TLS"'),
    "compression.type = ${CHECK_SECRET}": (3, r"compression.type: what \$\{CHECK_SECRET\} gives is no"),
    "sasl.password = ${CHECK_NONE}": (3, r"sasl.password: \$\{CHECK_NONE\} is not set"),
    "sasl.password = @none": (3, "sasl.password: the file .*none cannot be read"),
    "ssl.ca.location = none.pem": (3, "ssl.ca.location: has no effect without TLS"),
    "sasl.username = me": (3, "sasl.username: has no effect, nobody logs in"),
    "security.protocol = SSL\nssl.ca.location = none.pem":
        (4, "ssl.ca.location: .*none.pem cannot be read: No such file"),
    "security.protocol = SSL\nssl.ca.location = lines": (4, "ssl.ca.location: librdkafka: .*; it takes certificates in PEM"),
    "security.protocol = SSL\nssl.certificate.location = lines":
        (4, "ssl.certificate.location: of no use alone: rdkafka.ssl.key.location"),
    "security.protocol = SASL_PLAINTEXT\nsasl.mechanisms = PLAIN\nsasl.username = u\n"
    "sasl.password = #S3cret": (6, "sasl.password: the value is missing; one that begins with '#'"),
    "security.protocol = SASL_PLAINTEXT\nsasl.mechanisms = PLAIN\nsasl.username = u":
        (4, "sasl.mechanisms: PLAIN logs in .*rdkafka.sasl.password is missing"),
    "security.protocol = SASL_PLAINTEXT\nsasl.mechanisms = NONE": (4, "sasl.mechanisms: 'NONE' is none"),
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
    "fee_nowhere": "fee or one of its dates points outside",
    "name_nowhere": "name points outside",
    "mistaken_needs": "cannot open shared object file: No such file or directory: install that library",
    "mistaken_plan_depth": "init.. of mistaken broke a rule: plan.depth",
    "mistaken_seed": "does not spell ARB_ASK_SNAPSHOT, which its plan needs",
    "mistaken_size": "nothing is written behind the instance",
    "newer_minor": r"ABI \d+\.\d+, this host speaks \d+\.\d+",
    "no_options_but_a_number": "names 2 options and no table",
    "not_a_plugin": "no symbol arb_plugin",
    "older_major": r"ABI \d+\.\d+, this host speaks \d+\.\d+",
    "option_text_nowhere": "option 1 .* has a text outside",
    "options_nowhere": "claims 2 options",
    "other_kind": r"is of kind 7, .* start its descriptor with ARB_PLUGIN_HEADER",
    "other_major": r"ABI \d+\.\d+, this host speaks \d+\.\d+",
    "overlong": "bytes",
    "shared_member": "'levels' is stored where an option before it is",
    "short_callbacks": r"claim a size of 24 bytes",
    "small_member": "'small' has an offset where a member of its type cannot be",
    "small_instance": "'mode' ends behind the instance",
    "some_options_too_many": "option 3 .* has a text outside",
    "too_small": "bytes",
    "uncounted_options": "names 0 options and a table",
}
# What a strategy is shown, in lines 13 and on, of kraken and bitstamp, which both have BTC/USD.
FILTERS = {
    "venues = bitstamp": r"cross_venue\] venues: there is nothing to compare bitstamp with",
    "venues = bitstamp, bitstamp": r"cross_venue\] venues: bitstamp is listed twice",
    "venues = kraken;bitstamp": r"cross_venue\] venues: 'kraken;bitstamp' is not the name of an exchange",
    "venues = KRAKEN": r"cross_venue\] venues: there is no \[exchange:KRAKEN\]; did you mean kraken",
    "symbols = LTC/EUR": r"cross_venue\] symbols: there is nothing to compare, no two of its venues .*: LTC/EUR \(bitstamp\)",
    "symbols = XRP/*": r"cross_venue\] symbols: no exchange lists XRP/\*, so nothing is left to look at",
    "group = g\n[strategy:other]\nplugin = triangular\ngroup = g":
        r"other\] group: \[strategy:cross_venue\] has the same one in line 13",
}
LOADABLE = {"good", "least", "dated", "crashes_in_init", "in_cpp", "deep", "live_strategy", "planless",
            "refusing", "forging", "troubled", "troubled_strategy", "throwing"}
OF_THE_HARNESS = "mistaken_"  # tests/harness/mistakes.py tries them all


def expect_refused(stage, name, config, says, **environment):
    """Both commands must refuse it in the same words, and `run` without having begun."""
    answers = [stage.call(command, "-c", config, **environment) for command in ("check", "run")]
    expect_same_refusal(stage, name, answers, says)


def expect_same_refusal(stage, name, answers, says):
    for answer in answers:
        text = answer.stderr.decode()
        stage.expect(SECRET not in text, f"{name}: a secret was told: {text}")
        stage.expect(answer.returncode == REFUSED, f"{name}: status {answer.returncode}: {text}")
        stage.expect(re.search(says, text), f"{name}: /{says}/ is not in: {text}")
        stage.expect("level=" not in text, f"{name}: something was started: {text}")
        stage.expect(answer.stdout == b"", f"{name}: {answer.stdout} on stdout")
    stage.expect(answers[0].stderr == answers[1].stderr, f"{name}: check and run disagree")


def try_cases(stage):
    for name, ((old, new), says) in CASES.items():
        assert old in GOOD, name
        expect_refused(stage, name, stage.write("bad.ini", GOOD.replace(old, new, 1)), says, **ENVIRONMENT)
    stage.figure("configurations.refused", len(CASES))


def make_files(stage):
    os.mkdir(stage.path("folder"))
    stage.write("empty", "")
    os.chmod(stage.write("open.token", f"{SECRET}-0123456789abcdef"), 0o640)
    stage.write("lines", f"{SECRET}\n\n")
    stage.write("expired.pem", EXPIRED)


def try_options(stage):
    for name, (line, says) in OPTIONS.items():
        text = GOOD.replace("url = wss://localhost:1/v2", line)
        expect_refused(stage, name, stage.write("bad.ini", text), rf":6: \[exchange:kraken\]:? {says}",
                       **ENVIRONMENT)
    stage.figure("options.refused", len(OPTIONS))


def try_kafka(stage):
    for settings, (line, says) in KAFKA.items():
        lines = "".join(f"rdkafka.{setting}\n" for setting in settings.split("\n"))
        # Not the broker inside, which has a word of its own for TLS and SASL.
        text = GOOD.replace("embedded\n", "127.0.0.1:1\n" + lines)
        expect_refused(stage, settings, stage.write("bad.ini", text),
                       rf":{line}: \[kafka\] rdkafka\.{says}", **ENVIRONMENT)
    text = GOOD.replace("embedded\n", "embedded\nrdkafka.security.protocol = SSL\n")
    expect_refused(stage, "TLS to the broker inside", stage.write("bad.ini", text),
                   r":3: \[kafka\] rdkafka.security.protocol: the broker inside")
    stage.figure("settings.refused", len(KAFKA) + 1)


def try_init(stage):
    """What init() of a plugin has against its options, or does instead of returning."""
    text = GOOD.replace("BTC/USD", "*/USD").replace("url =", "protocol = v1\nurl =")
    expect_refused(stage, "init", stage.write("bad.ini", text),
                   r":6: \[exchange:kraken\] protocol: protocol = v1 has no catalog")
    refusing = os.path.join(stage.options.fixtures, "refusing.so")
    for mode, says in (("diff", r'mode "diff" is none of mine'),
                       ("${CHECK_MODE}", "its words hold a value that is not to be shown")):
        text = GOOD.replace("url = wss://localhost:1/v2", f"plugin = {refusing}\nmode = {mode}")
        expect_refused(stage, f"init: {mode}", stage.write("bad.ini", text),
                       rf":3: \[exchange:kraken\]: init\(\) of fixture failed: .*: {says}\n",
                       CHECK_MODE="diff")
    forging = os.path.join(stage.options.fixtures, "forging.so")
    text = GOOD.replace("url = wss://localhost:1/v2", f"plugin = {forging}")
    expect_refused(stage, "forged line", stage.write("bad.ini", text),
                   r'\A\S+:3: \[exchange:kraken\]: URL "wss://localhost:1/\?7\?symbols\?forged": .*\n\Z')
    troubled = os.path.join(stage.options.fixtures, "troubled")
    for trouble, says in (("segv", r"ends the process \(Segmentation fault\)"),
                          ("abort", r"ends the process \(Aborted\)"),
                          ("loop", "does not return within 5 s")):
        options = f"trouble = {trouble}\nwhere = init\n"
        text = GOOD.replace("url =", f"plugin = {troubled}.so\n{options}url =")
        expect_refused(stage, f"init: {trouble}", stage.write("bad.ini", text),
                       rf":3: \[exchange:kraken\]: init\(\) of troubled {says}")
    text = GOOD + f"plugin = {troubled}_strategy.so\ntrouble = segv\nwhere = init\n"
    expect_refused(stage, "init of a strategy", stage.write("bad.ini", text),
                   r":7: \[strategy:cross_venue\]: init\(\) of troubled_strategy ends the process")


def try_host(stage):
    os.mkfifo(stage.path("pipe"))
    for line, says in (("plugin_dir = none", r"plugin_dir: .*none cannot be entered: No such file"),
                       ("plugin_dir = empty", r"plugin_dir: .*empty is no folder"),
                       ("ca_file = none.pem", r"ca_file: .*none.pem cannot be read"),
                       ("scales_file = none/scales", r"scales_file: .*none/ cannot be written"),
                       ("scales_file = folder", r"scales_file: .*folder is a folder"),
                       ("scales_file = lines", r"scales_file: .*lines:1: write a symbol"),
                       ("scales_file = pipe", r"scales_file: .*pipe is no regular file"),
                       ("scales_file = /dev/full", r"scales_file: .*full is no regular file")):
        text = f"{GOOD}[host]\n{line}\n"
        expect_refused(stage, line, stage.write("bad.ini", text), rf":9: \[host\] {says}")


def call_without_rights(stage, *arguments):
    """As a user whom the rights of files hold for; root is such a one without its capabilities."""
    argv = [stage.options.arbspot, *arguments]
    if os.geteuid() == 0:
        argv = ["setpriv", "--bounding-set", "-all"] + argv
    return subprocess.run(argv, cwd=stage.directory, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, timeout=stage.limit(20))


def try_rights(stage):
    os.chmod(stage.write("locked", SECRET), 0)
    os.mkdir(stage.path("closed"), 0)
    for old, new, line, says in (
            ("url = wss://localhost:1/v2", "url = @locked", 6, "url: the file .*locked cannot be read"),
            ("url =", "ca_file = locked\nurl =", 6, "ca_file: .*locked cannot be read"),
            ("embedded", "127.0.0.1:1\nrdkafka.security.protocol = SSL\n"
             "rdkafka.ssl.ca.location = locked", 4, "rdkafka.ssl.ca.location: .*locked cannot be read"),
            ("[strategy", "[host]\nplugin_dir = closed\n[strategy", 8, "plugin_dir: .*closed cannot be entered"),
            ("[strategy", "[host]\nscales_file = closed/a\n[strategy", 8, "scales_file: .*closed/ cannot be written")):
        config = stage.write("bad.ini", GOOD.replace(old, new, 1))
        answers = [call_without_rights(stage, command, "-c", config) for command in ("check", "run")]
        expect_same_refusal(stage, says, answers, rf":{line}: .*{says}: Permission denied")


def expect_notes(stage, name, text, notes):
    """What is no mistake, and said by both commands all the same."""
    config = stage.write(name + ".ini", text)
    answer = stage.call("check", "-c", config)
    host = stage.start(name, [stage.options.arbspot, "run", "-c", config])
    stage.expect(answer.returncode == 0, f"{name}: status {answer.returncode}: {answer.stderr}")
    for note in notes:
        told = answer.stdout.decode().replace(": note: ", ": ")
        stage.expect(note in told and SECRET not in told, f"check says: {note}")
        host.wait_for(re.escape(note), stage.limit(10))
    host.stop()


def try_coverage(stage):
    """A strategy compares, so two exchanges have to have something in common."""
    other = ("[exchange:bitstamp]\nsymbols = {}\ntaker_fee = 1bp\nws_url = wss://localhost:1\n"
             "rest_url = https://localhost:1\n[strategy")
    text = GOOD.replace("[strategy", other.format("BTC/USDT, ETH/EUR"))
    expect_refused(stage, "nothing in common", stage.write("bad.ini", text),
                   r":12: \[strategy:cross_venue\]: there is nothing to compare, .*BTC/USD \(kraken\), "
                   r"BTC/USDT \(bitstamp\), ETH/EUR \(bitstamp\); quotes that never meet: "
                   r"USD and USDT \(BTC\)")
    expect_refused(stage, "one exchange, direct", stage.write("bad.ini", GOOD + "source = direct\n"),
                   r":8: \[strategy:cross_venue\] source: .*only one is enabled, with nothing to compare")
    expect_notes(stage, "one", GOOD, ("only one exchange is configured, and there is nothing to compare it with",))
    across = GOOD.replace("cross_venue", "triangular")
    expect_refused(stage, "one instrument", stage.write("bad.ini", across + "source = direct\n"),
                   r":7: \[strategy:triangular\]: it is shown one instrument, and its opportunities have legs of several")
    expect_notes(stage, "cycles", across.replace("BTC/USD", "BTC/USD, ETH/USD, ETH/BTC") + "source = direct\n", ())
    text = across.replace("[strategy", other.format("BTC/USDT, USD/USDT"))  # no symbol in common
    expect_notes(stage, "apart", text, ())
    text = GOOD.replace("[strategy", other.format("BTC/USD, LTC/EUR"))
    for filters, says in FILTERS.items():
        expect_refused(stage, filters, stage.write("bad.ini", text + filters + "\n"), rf":\d+: \[strategy:{says}")
    expect_notes(stage, "without effect", text + "symbols = BTC/USD, LTC/USD\n", (
        "13: [strategy:cross_venue] symbols: no exchange lists LTC/USD, so nothing is shown of it",))
    text = GOOD.replace("BTC/USD", "BTC/USD, LTC/USD")
    text = text.replace("[strategy", other.format("BTC/USD, LTC/EUR"))
    expect_notes(stage, "half", text, (
        "2 of 3 instruments are on one exchange only, and compared with none: LTC/USD (kraken), "
        "LTC/EUR (bitstamp)", "quotes that never meet: EUR and USD (LTC)"))


def try_notes(stage):
    """What may not be meant is said with its line, and starts all the same."""
    expect_notes(stage, "notes", GOOD.replace("BTC/USD", "XBT/USD"), (
        "symbols: write BTC/USD for XBT/USD: a venue's own names are translated",))
    login = ("127.0.0.1:1\nrdkafka.security.protocol = SASL_PLAINTEXT\nrdkafka.sasl.mechanisms = PLAIN\n"
             f"rdkafka.sasl.username = u\nrdkafka.sasl.password = {SECRET} #b")
    expect_notes(stage, "comment", GOOD.replace("embedded", login), (
        "6: [kafka] rdkafka.sasl.password: a comment stands behind this value; quote it if it belongs to it",))
    expect_notes(stage, "assets", GOOD.replace("url =", "inventory.XBT = 1\nwithdrawal.USD = 1, 1d\nurl ="), (
        "6: [exchange:kraken] inventory.XBT: no symbol of this section has XBT, so nothing looks at it",
        "7: [exchange:kraken] withdrawal.USD: no symbol of this section begins with USD, so nothing looks at it"))
    expect_notes(stage, "fee", GOOD.replace("0.26%", "default"), (
        "5: [exchange:kraken] taker_fee: the default is 0.80%, which a new account pays as of 2026-07-26; "
        "yours may be another",))


def try_good_values(stage):
    """Quotes, variables and files reach those they are for."""
    stage.write("url", "wss://localhost:1/v2\n")
    for url in ('"wss://localhost:1/v2" ; comment', "'wss://localhost:1/v2'", "@url", "${GOOD_URL}",
                '"wss://${GOOD_HOST}:1/v2"'):
        config = stage.write("good.ini", GOOD.replace("wss://localhost:1/v2", url))
        answer = stage.call("check", "-c", config, GOOD_URL="wss://localhost:1/v2",
                            GOOD_HOST="localhost")
        stage.expect(answer.returncode == 0, f"{url}: {answer.stderr}")


def try_all_at_once(stage):
    """Every problem is told in one go, each with its line."""
    text = GOOD.replace("brokers", "broker").replace("0.26%", "3").replace("BTC/USD", "BTCUSD")
    config = stage.write("bad.ini", text)
    expect_refused(stage, "all at once", config, r"(?s):1: .*:2: .*:4: .*:5: ")


def try_fixtures(stage):
    there = {name[:-3] for name in os.listdir(stage.options.fixtures) if name.endswith(".so")}
    untried = {name for name in there - LOADABLE - set(BROKEN) if not name.startswith(OF_THE_HARNESS)}
    stage.expect(not untried, f"fixtures that nobody tries: {untried}")
    for fixture, says in BROKEN.items():
        path = os.path.join(stage.options.fixtures, fixture + ".so")
        text = GOOD.replace("[exchange:kraken]\n", f"[exchange:kraken]\nplugin = {path}\n")
        text = text.replace("url = wss://localhost:1/v2\n", "")
        expect_refused(stage, fixture, stage.write("bad.ini", text), rf":[34]: .*{says}")
    stage.figure("plugins.refused", len(BROKEN))


def suite(stage):
    good = stage.call("check", "-c", stage.write("good.ini", GOOD))
    stage.expect(good.returncode == 0, f"the good one is good: {good.stderr}")
    expect_refused(stage, "no file", stage.path("none.ini"), "none.ini: cannot be opened")
    expect_refused(stage, "a directory", stage.directory, "cannot be read")
    make_files(stage)
    try_cases(stage)
    try_options(stage)
    try_kafka(stage)
    try_init(stage)
    try_host(stage)
    try_rights(stage)
    try_coverage(stage)
    try_notes(stage)
    try_good_values(stage)
    try_all_at_once(stage)
    try_fixtures(stage)


if __name__ == "__main__":
    pipeline.main(suite)
