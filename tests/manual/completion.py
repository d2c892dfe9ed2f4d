#!/usr/bin/env python3
"""Presses Tab in a real bash and a real zsh, and compares what is offered with what the program says.

Usage: completion.py --root DIR --build DIR
"""
import argparse
import os
import pty
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from facts import Checks, Program

LIMIT_S = 120  # of one shell: for what hangs
INI = """[kafka]
brokers = embedded
[exchange:kraken]
symbols = BTC/USD, ETH/USD,
    XRP/EUR
taker_fee = 0.4%
; [exchange:none]
[exchange:second]
plugin = bitstamp
symbols = BTC/USD
taker_fee = 0.4%
[strategy:cross_venue]
"""
# What is typed, and what is offered for its last word, among others: where ALONE, no others.
ALONE = True
TYPED = (
    ("ver", ["verify"], ALONE),
    ("run -c ", ["my.ini", "folder"], not ALONE),
    ("run --config=my", ["my.ini"], ALONE),
    ("run -c my.ini --only ", ["exchange:kraken", "exchange:second", "strategy:cross_venue"], ALONE),
    ("run -c my.ini --only exchange:s", ["exchange:second"], ALONE),
    ("run -c my.ini --only=strategy:", ["strategy:cross_venue"], ALONE),
    ("run --config=my.ini -o exchange:k", ["exchange:kraken"], ALONE),
    ("run -b emb", ["embedded"], ALONE),
    ("why -c my.ini ", ["BTC/USD", "ETH/USD", "XRP/EUR"], ALONE),
    ("why -c my.ini BTC/USD -s ", ["cross_venue"], ALONE),
    ("why -d 3", ["30s"], ALONE),
    ("inspect bitf", ["bitfinex"], ALONE),
    ("inspect ", ["kraken", "cross_venue"], not ALONE),
    ("inspect ./", ["./folder", "./one.so"], not ALONE),
    ("venues ", ["folder"], ALONE),
    ("new mine --into fol", ["folder"], ALONE),
    ("replay --plugin kraken --set dep", ["depth="], ALONE),
    ("replay --config my.ini sec", ["second="], ALONE),
    ("replay --config my.ini kraken=fol", ["kraken=folder"], ALONE),
    ("check -c my.ini --he", ["--help"], ALONE),
    ("nonsense ", [], ALONE),
)

# Writes what is offered for each line of `typed` as one line of `offered`: bash cuts words at ':'
# and '=', and so does this.
BASH = r"""
source "$1"
while IFS= read -r line; do
    COMP_LINE="arbspot $line" COMP_POINT=${#COMP_LINE} COMP_WORDS=()
    spaced=${COMP_LINE//=/ = } spaced=${spaced//:/ : }
    read -ra COMP_WORDS <<<"$spaced"
    [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
    [[ $COMP_LINE == *[:=] ]] && COMP_WORDS+=('')
    if [[ ${COMP_WORDS[-1]} == '' && $COMP_LINE == *[:=] ]]; then unset 'COMP_WORDS[-1]'; fi
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    _arbspot
    (IFS=$'\t'; printf '%s\n' "${COMPREPLY[*]}")
done <typed >offered
"""

# The completion system runs for each line as if Tab were pressed; what it adds is written down.
ZSH = r"""
fpath=("$1" $fpath)
autoload -Uz compinit && compinit -D -u
setopt extended_glob
LISTMAX=10000 # no questions
compadd() {
    if [[ " $* " == *' -'[[:alnum:]]#[OAD]' '* ]]; then
        builtin compadd "$@"
        return
    fi
    local -a hits
    builtin compadd -A hits "$@"
    found+=($hits)
    builtin compadd "$@" # what is found decides what is looked for next
}
tell_all() {
    local line
    local -aU found
    for line in "${(@f)$(<typed)}"; do
        BUFFER="arbspot $line" CURSOR=$#BUFFER found=()
        zle list-choices
        print -r -- "${(pj:\t:)found}" >>offered
    done
    BUFFER=
    : >done
}
zle -N tell_all
bindkey '^T' tell_all
: >ready
"""


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, command, folder, path):
        self.folder = folder
        self.main, side = pty.openpty()
        self.said = b""
        self.process = subprocess.Popen(
            command, stdin=side, stdout=side, stderr=side, cwd=folder, start_new_session=True,
            env={"PATH": path, "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        os.close(side)

    def write(self, text):
        os.write(self.main, text.encode())

    def wait_for(self, name):
        """Reads what it says until there is a file; False: it has not come to that."""
        end = time.monotonic() + LIMIT_S
        while not (self.folder / name).exists() and time.monotonic() < end:
            if select.select([self.main], [], [], 0.02)[0]:
                try:
                    self.said += os.read(self.main, 65536)
                except OSError:  # it has ended
                    break
        return (self.folder / name).exists()

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.main)


def cases(program):
    """Of each command every option, as the program lists them, and what is in TYPED."""
    found = [("", program.commands() + ["--help", "--version"], ALONE)]
    for command in program.commands():
        spellings = [spelling for options, _ in program.options(command) for spelling in options]
        found.append((f"{command} -", spellings, ALONE))
    return found + list(TYPED)


def meant(shell, typed, reply):
    """The word that is left on the command line. What stands before the last ':' or '=' bash keeps."""
    word = typed.rsplit(" ", 1)[-1]
    if shell == "bash":
        reply = word[:max(word.rfind(":"), word.rfind("=")) + 1] + reply
    return reply.rstrip("=")


def is_it(reply, word):
    """An option with a '=' may stand before the word, and zsh tells neither that nor a folder."""
    word = word.rstrip("=")
    return reply == word or reply.startswith("--") and reply.endswith("=" + word) or \
        word in (f"./{reply}", f"kraken={reply}")


def compare(checks, shell, lines, offered):
    checks.expect(len(offered) == len(lines), f"{shell}: {len(offered)} answers to {len(lines)} lines")
    for (typed, wanted, is_alone), answer in zip(lines, offered):
        replies = sorted({meant(shell, typed, word) for word in answer.split("\t") if word})
        for word in wanted:
            checks.expect(any(is_it(reply, word) for reply in replies),
                          f"{shell}: 'arbspot {typed}' is not offered {word} but {replies}")
        checks.expect(not is_alone or len(replies) == len(wanted),
                      f"{shell}: 'arbspot {typed}': {replies} instead of {wanted}")


def begin(folder, lines):
    """What is there to be completed."""
    (folder / "folder").mkdir()
    for name, text in (("my.ini", INI), ("one.so", ""), ("typed", "".join(f"{line[0]}\n" for line in lines)),
                       ("script.bash", BASH), ("script.zsh", ZSH)):
        (folder / name).write_text(text, encoding="utf-8")


def end(checks, shell, terminal):
    checks.expect(False, f"{shell} did not come to its end: {terminal.said[-2000:]}")


def press_tab(checks, folder, path, completion):
    """An interactive bash: the key itself, and what it makes of the line."""
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], folder, path)
    try:
        terminal.write(f"source '{completion}'\n arbspot insp\tkrak\t > pressed.new; mv pressed.new pressed\n")
        if terminal.wait_for("pressed"):
            text = (folder / "pressed").read_text(encoding="utf-8")
            checks.expect(text.startswith("kraken "), f"bash: Tab led to: {text[:200]}")
        else:
            end(checks, "bash", terminal)
    finally:
        terminal.close()


def try_bash(checks, options, folder, path, lines):
    completion = options.root / "etc/completion/arbspot"
    answer = subprocess.run(["bash", "--norc", "script.bash", str(completion)], cwd=folder, env={"PATH": path},
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    checks.expect(answer.returncode == 0 and answer.stderr == "", f"bash: {answer.stderr[:1000]}")
    compare(checks, "bash", lines, (folder / "offered").read_text(encoding="utf-8").split("\n")[:-1])
    press_tab(checks, folder, path, completion)


def try_zsh(checks, options, folder, path, lines):
    completion = options.root / "etc/completion/_arbspot"
    syntax = subprocess.run(["zsh", "-n", str(completion)], capture_output=True, text=True, check=False, timeout=LIMIT_S)
    checks.expect(syntax.returncode == 0 and syntax.stderr == "", f"zsh -n: {syntax.stderr}")
    terminal = Terminal(["zsh", "-f", "-i"], folder, path)
    try:
        terminal.write(f"set -- '{completion.parent}'; source ./script.zsh\n")
        if terminal.wait_for("ready"):
            terminal.write("\x14")  # Ctrl-T
        if terminal.wait_for("done"):
            compare(checks, "zsh", lines, (folder / "offered").read_text(encoding="utf-8").split("\n")[:-1])
        else:
            end(checks, "zsh", terminal)
    finally:
        terminal.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("root", "build"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    lines = cases(Program(options.build / "bin/arbspot"))
    path = f"{options.build}/bin:/usr/local/bin:/usr/bin:/bin"
    checks = Checks()
    for shell, attempt in (("bash", try_bash), ("zsh", try_zsh)):
        if shutil.which(shell) is None:
            print(f"SKIP: {shell} is not installed: its completion is not tried")
            continue
        with tempfile.TemporaryDirectory() as folder:
            begin(Path(folder), lines)
            attempt(checks, options, Path(folder), path, lines)
    checks.end("completion")


if __name__ == "__main__":
    main()
