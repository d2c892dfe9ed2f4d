#!/usr/bin/env python3
"""The harness's whole output, and the files it writes, against those in the folder `expected`.

    outputs.py CASE HARNESS ROGUES PLUGINS DATA

Only the times of callbacks differ from run to run: their digits become `N`. ROGUE_UPDATE=1 writes the
expected files instead; read them before keeping them.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
CASE, HARNESS, ROGUES, PLUGINS, DATA = sys.argv[1:]
TIMES = [(r"median \d+ ns, at most \d+ ns", "median N ns, at most N ns"),
         (r'"median_ns": \d+, "max_ns": \d+', '"median_ns": N, "max_ns": N'),
         (r'(\.(?:median|max)_ns" value=)"\d+"', r'\1"N"'),
         (r"NOTE fuzz: \d+ inputs", "NOTE fuzz: N inputs"),
         (r"\(input \d+ of", "(input N of")]


def without_times(text):
    for pattern, replacement in TIMES:
        text = re.sub(pattern, replacement, text)
    return text


def run(plugin, *arguments, status, folder=ROGUES):
    """What it says on stdout, and on stderr; its exit status is looked at."""
    command = [HARNESS, os.path.join(folder, plugin + ".so"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != status:
        sys.exit(f"exit {ended.returncode}, not {status}\n{ended.stdout}{ended.stderr}")
    return ended.stdout, ended.stderr


def expect(name, got):
    path = os.path.join(HERE, "expected", name)
    if os.environ.get("ROGUE_UPDATE") == "1":
        with open(path, "w", encoding="utf-8") as file:
            file.write(got)
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    if got != wanted:
        sys.exit(f"differs from {path}:\n--- wanted\n{wanted}--- got\n{got}")


def contents(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def case_table():
    out, _ = run("rogue_none", "--mutations", "5", "--golden", "rogue.script", "cursed.script", status=0)
    expect("table.txt", without_times(out))


def case_junit():
    """A difference, with quotes and markup in the script's name."""
    os.rename("different.script", "a<&'\"b.script")
    os.rename("different.golden", "a<&'\"b.golden")
    out, _ = run("rogue_none", "--no-hostile", "--format", "junit", "--golden", "a<&'\"b.script",
                 "rogue.script", status=1)
    suite = xml.etree.ElementTree.fromstring(out).find("testsuite")
    if len(suite.findall("testcase")) != int(suite.get("tests")):
        sys.exit("not as many test cases as the suite says")
    if [case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None] \
            != ["golden a<&'\"b.script"]:
        sys.exit("another check failed")
    expect("junit.xml", without_times(out))


def case_json():
    out, _ = run("rogue_none", "--no-hostile", "--format", "json", "--golden", "different.script",
                 status=1)
    if json.loads(out)["failed"] != 1:
        sys.exit("not one failure")
    expect("json.json", without_times(out))


def case_usage():
    for arguments, says in [(["--format", "yaml"], "--format is table, junit or json"),
                            (["--fuzz", "0"], "--limit and --fuzz take 1 to 86400 seconds"),
                            (["--fuzz", "86401"], "--limit and --fuzz take 1 to 86400 seconds"),
                            (["--fuzz", "1"], "--fuzz belongs to --golden"),
                            (["--first", "1"], "--first and --into belong to --record"),
                            (["--into", "x"], "--first and --into belong to --record"),
                            (["--record", "x"],
                             "--recording and --record need --symbols, which belongs to them"),
                            (["--record", "x", "--symbols", "A/B", "--drop", "1"],
                             "--drop and --expect belong to --recording"),
                            (["--record", "--golden"],
                             "--golden, --recording and --record exclude each other")]:
        out, err = run("rogue_none", *arguments, status=64)
        if out != "" or err != f"arbspot-harness: {says}; see --help\n":
            sys.exit(f"{arguments}: {out}{err}")


def case_output():
    """A report in a file, the table on stdout; a file that cannot be written is said at once."""
    out, _ = run("rogue_none", "--output", "report.json", "--format", "json", status=0)
    expect("output.txt", out)
    expect("output.json", contents("report.json"))
    out, err = run("rogue_none", "--output", "nowhere/report.json", status=1)
    if out != "" or err != "arbspot-harness: nowhere/report.json: No such file or directory\n":
        sys.exit(out + err)
    out, err = run("rogue_none", "--output", "/dev/full", status=1)
    if err != "arbspot-harness: /dev/full: the report cannot be written\n":
        sys.exit(err)


def case_crash():
    """The report is whole although the plugin crashed in the middle of it."""
    out, _ = run("rogue_crasher", "--output", "report.xml", "--format", "junit", "--golden",
                 "rogue.script", "cursed.script", status=1)
    expect("crash.txt", without_times(out))
    xml.etree.ElementTree.parse("report.xml")
    expect("crash.xml", without_times(contents("report.xml")))


def case_fuzz():
    """Until the time is up; to an input that breaks the plugin; to one that crashes it."""
    out, _ = run("rogue_none", "--no-hostile", "--fuzz", "1", "--golden", "rogue.script", status=0)
    expect("fuzz.txt", without_times(out))
    out, _ = run("rogue_griever", "--no-hostile", "--fuzz", "60", "--golden", "rogue.script", status=1)
    expect("fuzz_griever.txt", without_times(out) + contents("rogue.crash") + "\n")
    os.unlink("rogue.crash")
    out, _ = run("rogue_crasher", "--no-hostile", "--fuzz", "60", "--golden", "near.script", status=1)
    with open("rogue.crash", "rb") as crash:
        if not crash.read().startswith(b"666"):
            sys.exit("the input that is kept is not what crashes it")
    if not re.search(r"FAIL fuzz: on_message\(\) crashed \(SIGSEGV\) \(input \d+ of --seed 1, in place of "
                     r"line 5 of near.script\) \(the input is in rogue.crash\), after: 666", out):
        sys.exit(out)
    again, _ = run("rogue_crasher", "--no-hostile", "--fuzz", "60", "--golden", "near.script", status=1)
    if out != again:
        sys.exit("the same seed does not lead to the same input\n" + out + again)


def record(*arguments, status=0):
    return run("rogue_none", "--record", "recorded.txt", "--symbols", "BTC/USD", "--scale",
               "BTC/USD=0,0", *arguments, status=status)[0]


def case_record():
    """A recording with a reconnect and a frame that a line cannot spell becomes a script."""
    expect("record.txt", without_times(record("--venue-symbol", "BTC/USD=XBT")))
    expect("recorded.script", contents("recorded.script"))
    expect("recorded.golden", contents("recorded.golden"))
    run("rogue_none", "--mutations", "5", "--golden", "recorded.script", status=0)
    os.mkdir("elsewhere")
    record("--into", "elsewhere/cut", "--first", "2")
    if contents("elsewhere/cut.script").count("message") != 2:
        sys.exit("not the first two messages")
    run("rogue_none", "--no-hostile", "--golden", "elsewhere/cut.script", status=0)


def case_record_again():
    """What was kept is not written over; a wrong recording leaves nothing behind."""
    record()
    before = contents("recorded.script")
    out = record("--first", "1", status=1)
    if "recorded.script is there already; --into takes another name, --update writes over it" not in out \
            or contents("recorded.script") != before:
        sys.exit(out)
    record("--first", "1", "--update")
    if contents("recorded.script") == before:
        sys.exit("--update did not write over it")
    run("rogue_none", "--record", "rogue.script", "--into", "x", "--symbols", "BTC/USD", status=1)
    run("rogue_none", "--record", "recorded.txt", "--into", "x", "--symbols", "BTC/USD", "--set",
        "no=option", status=1)
    if os.path.exists("x.script") or os.path.exists("x.golden"):
        sys.exit("there is a script of what failed")


def case_record_http():
    """Real recordings with answers by HTTP, and frames without times: what is made passes."""
    for plugin, files, arguments in [
            ("bitstamp", ["cryptofeed/bitstamp_2021-04-05.txt"],
             ["--set", "mode=diff", "--set", "ack_timeout=60s", "--first", "24", "--symbols",
              "BCH/EUR,ETH/GBP"]),
            ("binance", [f"cryptofeed/binance_2021-10-12.{part}.txt" for part in ("catalog", "http", "ws")],
             ["--set", "snapshot_levels=1000", "--set", "ack_timeout=60s", "--symbols", "NKN/USDT",
              "--first", "30"]),
            ("okx", ["tickvault/okx_books.txt"], ["--symbols", "BTC/USDT"])]:
        paths = [os.path.join(DATA, file) for file in files]
        run(plugin, "--record", *paths, "--into", plugin, *arguments, status=0, folder=PLUGINS)
        if "\nlive\n" not in contents(plugin + ".script"):
            sys.exit(f"{plugin}: no book became LIVE\n" + contents(plugin + ".script")[:2000])
        run(plugin, "--no-hostile", "--golden", plugin + ".script", status=0, folder=PLUGINS)
    # Answers by HTTP are found again although parts of the URLs are other ones each time.
    run("bitstamp", "--mutations", "1", "--golden", "bitstamp.script", status=0, folder=PLUGINS)
    with open("bare.jsonl", "w", encoding="ascii") as bare:
        bare.write("".join(line.split(": ", 1)[1] for line in contents(paths[0]).splitlines(True)
                           if line[0].isdigit()))
    run("okx", "--recording", "bare.jsonl", "--symbols", "BTC/USDT", status=0, folder=PLUGINS)
    run("okx", "--record", "bare.jsonl", "--symbols", "BTC/USDT", status=0, folder=PLUGINS)
    run("okx", "--no-hostile", "--golden", "bare.script", status=0, folder=PLUGINS)


with tempfile.TemporaryDirectory() as scratch:
    for fixture in os.listdir(HERE):
        if os.path.splitext(fixture)[1] in (".script", ".golden", ".txt") and \
                fixture != "CMakeLists.txt":
            shutil.copy(os.path.join(HERE, fixture), scratch)
    shutil.copy(os.path.join(HERE, "rogue.script"), os.path.join(scratch, "different.script"))
    os.chdir(scratch)
    globals()["case_" + CASE]()
print("PASS")
