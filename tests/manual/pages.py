#!/usr/bin/env python3
"""Fails when the man pages lack a command, an option, a key or a chapter, or are not well made.

Usage: pages.py --root DIR --build DIR --generator FILE
"""
import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from facts import Checks, Program, config_keys

WIDTH = 80
PAGES = ("arbspot.1", "arbspot.ini.5", "arbspot-plugin.7")
# Of the guide for authors: what the page refers to, and what is about this repository alone.
ELSEWHERE = {"From an exchange's documentation to a verified feed", "How long a plugin is"}


def plain(roff):
    """Text of a page without its faces and spellings."""
    for escape, text in ((r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\e", "\\"), (r"\(ti", "~")):
        roff = roff.replace(escape, text)
    return re.sub(r"\\f[BIR]", "", roff)


def part(page, macro, heading):
    """What stands below a heading, up to the next one like it, or higher."""
    found = re.search(rf'^\.{macro} "{re.escape(heading)}"\n(.*?)(?=^\.S[HS] |\Z)', page, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def tags(text):
    """The first words of each entry of a list."""
    return re.findall(r"^\.T[PQ].*\n(.*)$", text, re.MULTILINE)


def check_commands(checks, page, program):
    for command in program.commands():
        text = part(page, "SS", f"arbspot {command}")
        checks.expect(text, f"arbspot.1 has no section of {command}")
        has = tags(text)
        options = program.options(command)
        checks.expect(options, f"{command} --help lists no options")
        for spellings, takes in options:
            wanted = ", ".join(spellings) + (f" {takes}" if takes else "")
            checks.expect(wanted in has, f"arbspot.1: {command} lacks '{wanted}'")
            for spelling in spellings:
                said = program.say(command, spelling, *(["x"] if takes else []), "--nonsense")[1]
                checks.expect(f"no option '{spelling}'" not in said,
                              f"{command} --help names {spelling}, which there is not")


def check_keys(checks, page, root):
    sections = config_keys(root)
    checks.expect(len(sections) >= 5 and sum(map(len, sections.values())) >= 50, f"the tables of keys: {sections}")
    for section, keys in sections.items():
        found = re.search(rf'^\.SS "\[{section}[:\]].*?\n(.*?)(?=^\.S[HS] )', page, re.MULTILINE | re.DOTALL)
        checks.expect(found, f"arbspot.ini.5 has no section [{section}]")
        has = [tag.split(" (")[0] for tag in tags(found.group(1))] if found else []
        for key in keys:
            wanted = re.compile(re.escape(key) + ("[A-Z]+" if key.endswith(".") else "") + r"\Z")
            checks.expect(any(wanted.match(tag) for tag in has), f"arbspot.ini.5 lacks {key} in [{section}]")


def check_plugins(checks, page, program, build):
    plugins = sorted((build / "plugins").glob("*.so"))
    checks.expect(len(plugins) >= 10, f"plugins: {plugins}")
    for plugin in plugins:
        has = tags(part(page, "SS", plugin.stem))
        told = program.say("inspect", str(plugin), status=0)[0]
        for name in re.findall(r"^  (\w+) = ", told.split("\noptions:\n")[1], re.MULTILINE):
            checks.expect(any(tag.startswith(f"{name} = ") for tag in has), f"arbspot.ini.5: {plugin.stem} lacks {name}")


def check_guide(checks, page, program, root):
    guide = (root / "plugins/README.md").read_text(encoding="utf-8")
    for heading in set(re.findall(r"^## (.*)$", guide, re.MULTILINE)) - ELSEWHERE:
        checks.expect(part(page, "SH", heading.upper()), f"arbspot-plugin.7 lacks '{heading}'")
    told = program.say("inspect", "kraken", status=0)[0]
    for line in re.findall(r"^  (?:callbacks|absent) +(.*)$", told, re.MULTILINE):
        for name in line.replace("none", "").split():
            checks.expect(any(tag.split(" ")[0] == name for tag in tags(part(page, "SH", "CALLBACKS"))),
                          f"arbspot-plugin.7 lacks the callback {name}")


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=120, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": str(WIDTH)})


def check_form(checks, path):
    """No warnings, and nothing that a terminal has no room for."""
    if shutil.which("groff"):
        answer = run("groff", "-man", "-Tutf8", "-ww", str(path))
        checks.expect(answer.returncode == 0 and answer.stderr == "", f"groff: {path.name}: {answer.stderr[:500]}")
    else:
        print("SKIP: groff is not installed: pages are not formatted with it")
    if shutil.which("man"):
        answer = run("man", "--warnings", "-l", str(path))
        text = re.sub(".\b", "", answer.stdout)
        checks.expect(answer.returncode == 0 and answer.stderr == "", f"man: {path.name}: {answer.stderr[:500]}")
        checks.expect(len(text.splitlines()) > 100, f"{path.name} is hardly anything")
        for line in text.splitlines():
            checks.expect(len(line) <= WIDTH, f"{path.name}: {len(line)} columns: {line}")
            checks.expect(not re.search(r"\\f[BIR]|^ *@[a-z]+", line), f"{path.name}: a mark is left: {line}")
    else:
        print("SKIP: man-db is not installed: pages are not looked at as man shows them")


# File, what stands there and what becomes of it, the page, and what is said while it is made.
DAMAGES = (
    ("etc/arbspot.ini", "#log_level =", "#", "arbspot.ini.5", "nothing of log_level in [host]"),
    ("etc/arbspot.ini", "[kafka]\n", "", "arbspot.ini.5", "nothing of brokers in [kafka]"),
    ("etc/arbspot.ini", "# `no`: it does not run.\n", "", "arbspot.ini.5", "nothing of enabled in [strategy]"),
    ("etc/arbspot.ini", "# How to write it", "# How", "arbspot.ini.5", "does not say how it is written"),
    ("plugins/README.md", "\n## Rules\n", "\n## Laws\n", "arbspot-plugin.7", "no section 'Rules'"),
)


def check_refusals(checks, options):
    """A key without a word about it, and a chapter that there is not, are found while building."""
    for name, was, becomes, page, said in DAMAGES:
        with tempfile.TemporaryDirectory() as folder:
            for source in ("etc/arbspot.ini", "README.md", "plugins/README.md"):
                Path(folder, source).parent.mkdir(exist_ok=True)
                shutil.copy(options.root / source, Path(folder, source))
            text = Path(folder, name).read_text(encoding="utf-8")
            checks.expect(was in text, f"{name} has no '{was}'")
            Path(folder, name).write_text(text.replace(was, becomes), encoding="utf-8")
            out = Path(folder, page)
            answer = run(str(options.generator), str(options.build / "bin/arbspot"), folder,
                         str(options.root / f"docs/man/{page}.in"), str(out))
            checks.expect(answer.returncode != 0 and said in answer.stderr and not out.exists(),
                          f"without '{was}': {answer.returncode} {answer.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("root", "build", "generator"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    program = Program(options.build / "bin/arbspot")
    pages = {name: plain((options.build / "man" / name).read_text(encoding="ascii")) for name in PAGES}
    checks = Checks()
    check_commands(checks, pages["arbspot.1"], program)
    check_keys(checks, pages["arbspot.ini.5"], options.root)
    check_plugins(checks, pages["arbspot.ini.5"], program, options.build)
    check_guide(checks, pages["arbspot-plugin.7"], program, options.root)
    for name in PAGES:
        check_form(checks, options.build / "man" / name)
    check_refusals(checks, options)
    checks.end("man pages")


if __name__ == "__main__":
    main()
