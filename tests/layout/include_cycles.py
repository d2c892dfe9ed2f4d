#!/usr/bin/env python3
"""Fails when modules include each other in a circle, or two folders of core/ include each other.

A module is a .c and a .h of one base name. Usage: include_cycles.py ROOT
"""
import re
import sys
from pathlib import Path

ROOMS = ("core", "plugins", "include")
SEARCHED = ("core", "include")  # the folders that -I names
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def module_of(path):
    return path.with_suffix("").as_posix()


def resolve(root, source, name):
    """The file of ours that an include means, relative to root, or None."""
    for folder in [source.parent] + [root / searched for searched in SEARCHED]:
        found = folder / name
        if found.is_file():
            return found.resolve().relative_to(root)
    return None


def read_edges(root):
    """Which modules each module includes."""
    edges = {}
    for room in ROOMS:
        for source in sorted((root / room).rglob("*.[ch]")):
            module = module_of(source.relative_to(root))
            included = edges.setdefault(module, set())
            for name in INCLUDE.findall(source.read_text(encoding="utf-8")):
                target = resolve(root, source, name)
                if target is not None and module_of(target) != module:
                    included.add(module_of(target))
    return edges


def reachable(edges, start):
    seen, waiting = set(), list(edges.get(start, ()))
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting.extend(edges.get(module, ()))
    return seen


def find_cycles(edges):
    """Groups of modules of which each leads to each other, smallest name first."""
    reach = {module: reachable(edges, module) for module in edges}
    cycles = {
        frozenset(other for other in reach[module] if module in reach.get(other, ()))
        for module in edges
        if module in reach[module]
    }
    return sorted(sorted(cycle) for cycle in cycles)


def room_of(module):
    return "/".join(module.split("/")[:2])


def find_folder_pairs(edges):
    """Pairs of folders in core/ that include each other."""
    links = {
        (room_of(module), room_of(target))
        for module, targets in edges.items()
        for target in targets
        if all(m.startswith("core/") and m.count("/") > 1 for m in (module, target))
    }
    return sorted((a, b) for a, b in links if a < b and (b, a) in links)


def main():
    edges = read_edges(Path(sys.argv[1]).resolve())
    if not edges:
        sys.exit("FAIL: there are no sources here")
    faults = ["modules include each other: " + ", ".join(cycle) for cycle in find_cycles(edges)]
    faults += [f"folders include each other: {a} and {b}" for a, b in find_folder_pairs(edges)]
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(1)
    print(f"PASS: {len(edges)} modules, none in a circle")


if __name__ == "__main__":
    main()
