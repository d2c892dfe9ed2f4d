#!/usr/bin/env python3
"""Uses the dashboard in a real browser, as somebody would, and compares what it shows with what was sent.

The server is fake_live.py in this process: its market can be held, so that what is shown has a known
value, and its frames can be stalled. Skipped (77) where there is no Chromium.

    tests/web/page.py [--slow 1] [--shots FOLDER]
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chromium import Chromium, Failure, chromium_path  # noqa: E402
from fake_live import FakeLive  # noqa: E402
from market import HOSTILE_ERROR, HOSTILE_REASON, HOSTILE_SYMBOL, LADDER, Market  # noqa: E402

SKIPPED = 77
LIMIT_S = 20
WARM_STEPS = 150  # so many have opportunities open and closed
PHONE = (360, 740)
MEASURED_S, LOADED_MAX = 5, 0.5  # of the time between frames as much may go into scripts and layout
NETWORK_WORDS = "ERR_CONNECTION"  # what a browser logs about a server that is away
LIVE = "!document.documentElement.classList.contains('stale')"
ROW = "#{}-grid .space .row:not([hidden])"


class Test:
    """What the cases share: the server, the browser, and what was missed."""

    def __init__(self, browser, server, slow):
        self.browser, self.server, self.slow, self.misses = browser, server, slow, []

    def expect(self, is_right, what):
        if not is_right:
            self.misses.append(what)
            print(f"  MISS {what}", flush=True)

    def same(self, shown, sent, what):
        self.expect(shown == sent, f"{what}: shown {shown!r}, sent {sent!r}")

    def open(self, width=1440, height=1000, **more):
        tab = self.browser.open_tab(width, height, **more)
        tab.go(self.server.url)
        self.wait(tab, f"document.querySelectorAll('{ROW.format('books')}').length > 5")
        return tab

    def wait(self, tab, expression):
        return tab.wait(expression, LIMIT_S * self.slow)

    def wait_shown(self, tab, selector, text):
        self.wait(tab, f"document.querySelector({json.dumps(selector)})?.textContent === {json.dumps(text)}")

    def close(self, tab, allowed=""):
        """No tab ends with an error in its console or a dialog that was opened."""
        errors = [line for line in tab.console if not allowed or allowed not in line]
        self.same(errors, [], "console errors")
        self.same(tab.dialogs, [], "dialogs")
        tab.call("Page.close")
        self.browser.tabs.remove(tab)
        tab.close()

    def hold(self):
        """Prices stand from here on; waits until the page has had the last of them."""
        with self.server.lock:
            self.server.is_held = True

    def let_go(self):
        with self.server.lock:
            self.server.is_held = False


def minus(text):
    return text.replace("-", "−")


def bp(ppm):
    size = abs(ppm)
    return ("+" if ppm > 0 else "−" if ppm < 0 else "") + f"{size // 100}.{size % 100:02d}"


def signed(text):
    return minus(text) if text.startswith("-") else "+" + text


def cells(tab, selector):
    """The texts of the cells of each row that a selector finds, by column."""
    return tab.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((row) => Object.fromEntries("
        "[...row.children].map((cell) => [cell.className.match(/c-(\\w+)/)[1], cell.textContent])))")


def text(tab, selector):
    return tab.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")


def settle(test, tab):
    """Waits until the page shows the version that stands, by a sign that is sent after it."""
    mark = f"sign {time.monotonic_ns()}"
    test.server.change("trouble:sign", {"since_ms": test.server.market.now_ms, "severity": "warning", "what": "test",
                                        "text": mark})
    test.wait(tab, f"document.querySelector('#trouble-list').textContent.includes({json.dumps(mark)})")
    test.server.change("trouble:sign", None)
    test.wait(tab, f"!document.querySelector('#trouble-list').textContent.includes({json.dumps(mark)})")


# ---- cases

def shows_what_was_sent(test):
    """Top, troubles, venues and books are the items of the frames."""
    tab = test.open()
    test.hold()
    settle(test, tab)
    items = test.server.market.items
    host = items["host"]
    test.same(text(tab, "#figure-live"), f"{host['n_live']} of {host['n_books']}", "books LIVE")
    sentences = tab.evaluate("[...document.querySelectorAll('#trouble-list .text')].map((e) => e.textContent)")
    test.same(sentences, [items[f"trouble:{i}"]["text"].replace("\u202e", "?") for i in (1, 2, 3)], "troubles")
    test.expect("error" in text(tab, "#trouble-list li .severity"), "the error comes first")
    for row in cells(tab, ROW.format("venues")):
        venue = items["venue:" + row["name"]]
        test.same((row["state"][2:], row["live"]), (venue["state"], f"{venue['n_live']} / {venue['n_books']}"), row["name"])
        lag = "–" if venue["lag_ms"] is None else f"{venue['lag_ms']} ms"
        test.same((row["rate"].replace(",", ""), row["lag"]), (str(venue["events_per_s"]), lag), row["name"])
    for row in cells(tab, ROW.format("books"))[:20]:
        book = items[f"book:{row['venue']}:{row['symbol']}"]
        sent = [*(book["bid"] or ["–", ""]), *(book["ask"] or ["–", ""])]
        test.same([row["bid"], row["bidqty"], row["ask"], row["askqty"]], sent, f"{row['venue']} {row['symbol']}")
        test.expect(row["proof"].startswith(book["verified"]) and book["state"] in row["state"], f"proof and state {row}")
    test.let_go()
    test.close(tab)


def goes_from_matrix_to_ladder(test):
    """The way of a mouse: instrument, best cell, opportunity, leg, ladder."""
    tab = test.open()
    with test.server.lock:
        test.server.market.shift("SOL/USD", "bybit", 6_000, 10_000)
    test.wait(tab, "[...document.querySelectorAll('#opportunities-grid .row.open')].some((r) => r.textContent.includes('SOL/USD'))")
    test.hold()
    settle(test, tab)
    tab.evaluate("(() => { const s = document.querySelector('#matrix-symbol'); s.value = 'SOL/USD';"
                 " s.dispatchEvent(new Event('change')); })()")
    compare_matrix(test, tab)
    item = next(item for key, item in test.server.market.items.items()
                if key.startswith("opportunity:") and item and item["event"] != "close"
                and item["legs"][0]["symbol"] == "SOL/USD")
    legs = item["legs"]
    names = [venue["name"] for venue in test.server.market.items["matrix:SOL/USD"]["venues"]]
    row, column = names.index(legs[0]["venue"]), names.index(legs[1]["venue"])
    tab.click(f"#matrix-table tr:nth-child({row + 2}) td:nth-of-type({column + 1})")
    test.wait_shown(tab, "#opportunities-pair", f"SOL/USD {legs[0]['venue']} → {legs[1]['venue']} ✕")
    compare_opportunity(test, tab, item)
    tab.click(ROW.format("opportunities"))
    test.wait(tab, "!document.querySelector('#detail-legs').hidden")
    test.same(len(tab.evaluate("[...document.querySelectorAll('.leg')].map((e) => e.textContent)")), 2, "legs")
    tab.click(".leg:nth-of-type(2)")
    compare_ladder(test, tab, legs[1]["venue"], "SOL/USD")
    tab.click("#ladder-close")
    test.wait_shown(tab, "#ladder-name", "")
    test.let_go()
    test.close(tab)


def compare_matrix(test, tab):
    matrix = test.server.market.items["matrix:SOL/USD"]
    best = max(ppm for row in matrix["net_ppm"] for ppm in row if ppm is not None)
    test.wait_shown(tab, "#matrix-table td.best", bp(best))
    shown = tab.evaluate("[...document.querySelectorAll('#matrix-table tr')].slice(1).map((row) => "
                         "[...row.querySelectorAll('td')].map((cell) => cell.textContent))")
    sent = [["" if i == j else "–" if ppm is None else bp(ppm) for j, ppm in enumerate(row)]
            for i, row in enumerate(matrix["net_ppm"])]
    test.same(shown, sent, "matrix of SOL/USD")
    signs = tab.evaluate("[...document.querySelectorAll('#matrix-table td.pays, #matrix-table td.costs')]"
                         ".every((cell) => cell.textContent.startsWith(cell.classList.contains('pays') ? '+' : '−'))")
    test.expect(signs, "a sign stands in each cell that is coloured")


def compare_opportunity(test, tab, item):
    row = cells(tab, ROW.format("opportunities"))[0]
    test.same(row["symbol"], item["legs"][0]["symbol"], "symbol of the opportunity")
    test.same(row["route"], " → ".join(leg["venue"] for leg in item["legs"]), "its venues")
    test.same((row["qty"], row["net"], row["bp"]), (item["legs"][0]["qty"], f"{signed(item['net'])} {item['currency']}",
                                                    bp(item["net_ppm"])), "its size and net")
    curve = tab.evaluate(f"document.querySelector('{ROW.format('opportunities')} .c-size').getAttribute('aria-label')")
    test.same(curve, ", ".join(map(signed, item["curve"])), "its curve")


def compare_ladder(test, tab, venue, symbol):
    test.wait_shown(tab, "#ladder-name", f"{symbol} · {venue}")
    test.wait(tab, "document.querySelector('#ladder-levels .px').textContent !== ''")
    with test.server.lock:
        ladder = test.server.market.ladder(venue, symbol)
    shown = tab.evaluate("[...document.querySelectorAll('#ladder-levels tr')].map((row) => "
                         "[2, 1, 3, 4].map((i) => row.children[i].textContent))")
    sent = [[*bid, *ask] for bid, ask in zip(ladder["bids"], ladder["asks"])]
    test.same(len(shown), LADDER, "levels of the ladder")
    test.same(shown[:len(sent)], sent, f"ladder of {venue} {symbol}")
    test.same(test.server.wishes[-1], (venue, symbol), "what was asked for")


def shows_hostile_text_as_text(test):
    """Markup in a symbol, a reason and an error is read, not run."""
    tab = test.open()
    tab.click("#books-filter")
    tab.type("<img bybit")
    test.wait(tab, f"document.querySelectorAll('{ROW.format('books')}').length === 1")
    row = cells(tab, ROW.format("books"))[0]
    test.same(row["symbol"], HOSTILE_SYMBOL, "symbol")
    test.expect(HOSTILE_REASON in row["state"], f"reason: {row['state']}")
    test.expect(HOSTILE_ERROR.replace("\u202e", "?") in text(tab, "#venues-grid"), "error of a venue")
    tab.evaluate(f"(() => {{ const s = document.querySelector('#matrix-symbol'); s.value = {json.dumps(HOSTILE_SYMBOL)};"
                 " s.dispatchEvent(new Event('change')); })()")
    tab.click(ROW.format("books"))
    test.wait_shown(tab, "#ladder-name", f"{HOSTILE_SYMBOL} · bybit")
    test.server.change("trouble:<b>x</b>", {"since_ms": "soon", "severity": "<i>", "what": {"a": 1}, "text": "<svg onload=alert(1)>"})
    test.server.change("book:odd:ODD", {"venue": 1, "symbol": ["x"], "bid": "none", "ask": [{}, None]})
    test.server.change("opportunity:odd", {"legs": "none", "curve": 5, "survival": [None], "flags": {"x": 1}})
    test.server.change("matrix:odd", {"symbol": "ODD", "venues": [{}, {}], "net_ppm": [1, "x"]})
    test.wait(tab, "document.querySelector('#trouble-list').textContent.includes('<svg onload=alert(1)>')")
    test.same(tab.evaluate("document.querySelectorAll('img, main script, iframe, svg[onload], b b, td i i').length"), 0,
              "elements made of markup")
    for key in ("trouble:<b>x</b>", "book:odd:ODD", "opportunity:odd", "matrix:odd"):
        test.server.change(key, None)
    tab.press("Escape")
    settle(test, tab)
    ages_grow(test, tab)
    test.close(tab)


def ages_grow(test, tab):
    """Of a quiet book the age grows without a frame that names it."""
    quiet = "#books-grid .row.dead .c-age"
    first = text(tab, quiet)
    test.wait(tab, f"document.querySelector('{quiet}').textContent !== {json.dumps(first)}")


def says_when_nothing_comes(test):
    """A stall greys the page out and says why; so does a lost connection, which comes back by itself."""
    tab = test.open()
    test.expect(not tab.evaluate("document.documentElement.classList.contains('stale')"), "live at first")
    test.server.is_stalled = True
    began = time.monotonic()
    test.wait(tab, "document.documentElement.classList.contains('stale')")
    test.expect(time.monotonic() - began > 1.5, "a pause is no stall")
    test.expect("says nothing" in text(tab, "#stale-text") and "as of" in text(tab, "#stale-more"), "it says so")
    test.same(text(tab, "#pulse"), "✕ not live", "mark at the top")
    first = text(tab, "#stale-more")
    test.wait(tab, f"document.querySelector('#stale-more').textContent !== {json.dumps(first)}")
    test.expect(tab.evaluate("getComputedStyle(document.querySelector('main')).filter.includes('grayscale')"), "grey")
    test.expect(tab.evaluate("document.title.includes('not live')"), "title")
    test.wait(tab, "document.querySelector('#stale-text').textContent.includes('made anew')")  # it gave up by itself
    test.server.is_stalled = False
    test.wait(tab, LIVE)
    says_when_it_is_late(test, tab)
    comes_back_after_a_loss(test, tab)
    test.close(tab, NETWORK_WORDS)


def says_when_it_is_late(test, tab):
    """Frames that come regularly, but are old, are not live either."""
    with test.server.lock:
        test.server.market.now_ms -= 5_000
    test.wait(tab, "document.querySelector('#stale-text').textContent.includes('late')")
    with test.server.lock:
        test.server.market.now_ms += 5_000
    test.wait(tab, LIVE)


def comes_back_after_a_loss(test, tab):
    """What went away meanwhile is not shown."""
    test.server.change("trouble:lost", {"since_ms": 0, "severity": "error", "what": "x", "text": "before the loss"})
    test.wait(tab, "document.querySelector('#trouble-list').textContent.includes('before the loss')")
    test.server.is_stalled = True
    test.server.drop_clients()
    test.wait(tab, "document.querySelector('#stale-text').textContent.includes('lost')")
    test.server.change("trouble:lost", None)
    test.server.is_stalled = False
    test.wait(tab, LIVE)
    test.expect("before the loss" not in text(tab, "#trouble-list"), "what is gone since is not shown")


def is_used_with_keys_alone(test):
    """Help, filter, table, ladder and back; the matrix by its arrows; no mouse."""
    tab = test.open()
    tab.press("?")
    test.wait(tab, "document.querySelector('#help').open")
    tab.press("Escape")
    test.wait(tab, "!document.querySelector('#help').open")
    tab.press("/")
    test.wait(tab, "document.activeElement.id === 'books-filter'")
    tab.type("eth kraken")
    test.wait(tab, f"document.querySelectorAll('{ROW.format('books')}').length === 1")
    tab.press("Enter")
    test.wait(tab, "document.querySelector('#books-grid').getAttribute('aria-activedescendant')")
    tab.press("Enter")
    test.wait_shown(tab, "#ladder-name", "ETH/USD · kraken")
    test.wait(tab, "document.activeElement.id === 'ladder'")
    tab.press("Escape")
    test.wait(tab, "document.activeElement.id === 'books-grid' && document.querySelector('#ladder-name').textContent === ''")
    tab.press("Escape")
    test.wait(tab, f"document.querySelectorAll('{ROW.format('books')}').length > 5")
    tab.press("End")
    test.wait(tab, "document.querySelector('#books-grid').scrollTop > 1000 &&"
                   " document.querySelector('#books-grid .row.active')")
    tab.press("3")
    test.wait(tab, "document.activeElement.tagName === 'TD'")
    tab.press("ArrowDown")
    tab.press("ArrowDown")
    tab.press("ArrowLeft")
    test.same(tab.evaluate("document.activeElement.at"), [2, 0], "cell that the arrows reach")
    tab.press("Enter")
    test.wait(tab, "!document.querySelector('#opportunities-pair').hidden")
    tab.press("Escape")
    test.wait(tab, "document.querySelector('#opportunities-pair').hidden")
    follows_focus_order(test, tab)
    test.close(tab)


def follows_focus_order(test, tab):
    """Tab meets the sections in the order in which they stand."""
    tab.press("1")
    seen = []
    for _ in range(40):
        section = tab.evaluate("document.activeElement.closest('.panel')?.id || ''")
        if section and section not in seen:
            seen.append(section)
        tab.press("Tab")
    test.same(seen, ["trouble", "venues", "matrix", "opportunities", "survival", "books"], "focus order")


def tells_who_cannot_see(test):
    """Roles, names and the live region."""
    tab = test.open()
    test.wait(tab, "document.querySelector('#said').textContent.includes('bitfinex')")
    test.server.change("trouble:9", {"since_ms": test.server.market.now_ms, "severity": "error", "what": "okx", "text": "is away"})
    test.wait(tab, "document.querySelector('#said').textContent === 'okx: is away'")
    test.server.change("trouble:9", None)
    test.wait(tab, "document.querySelector('#said').textContent === 'Over: okx: is away'")
    nameless = tab.evaluate("[...document.querySelectorAll('button, select, input, [role=grid], section')].filter((e) => "
                            "!e.hidden && !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length ||"
                            " document.getElementById(e.getAttribute('aria-labelledby')))).map((e) => e.id || e.outerHTML)")
    test.same([name for name in nameless if name != "opportunities-pair"], [], "controls without a name")
    order = tab.evaluate("[...document.querySelectorAll('main > section')].map((e) => e.id)")
    test.same(order, ["trouble", "venues", "matrix", "opportunities", "survival", "books", "ladder"], "sections")
    tab.press("t")
    test.wait(tab, "getComputedStyle(document.documentElement).colorScheme === 'dark'")
    tab.press("t")
    test.wait(tab, "getComputedStyle(document.documentElement).colorScheme === 'light'")
    tab.press("t")
    test.close(tab)


def fits_a_phone(test):
    """360 px wide: no sideways scrolling; the ladder comes into sight when it is asked for."""
    tab = test.open(*PHONE, is_phone=True)
    test.same(tab.evaluate("document.documentElement.scrollWidth"), PHONE[0], "width of the page")
    wide = tab.evaluate("[...document.querySelectorAll('main > section, #top')].filter((e) => "
                        "e.getBoundingClientRect().right > innerWidth + 0.5).map((e) => e.id)")
    test.same(wide, [], "sections that stand out")
    tab.click(ROW.format("books"))
    test.wait(tab, "document.querySelector('#ladder').getBoundingClientRect().top < innerHeight / 2")
    test.close(tab)


def does_not_jump(test):
    """Troubles and opportunities that come and go move nothing below them."""
    tab = test.open()
    places = "[...document.querySelectorAll('main > section')].map((e) => Math.round(e.getBoundingClientRect().top + scrollY))"
    before = tab.evaluate(places)
    for i in range(10, 30):
        test.server.change(f"trouble:{i}", {"since_ms": test.server.market.now_ms, "severity": "warning", "what": "okx",
                                            "text": f"trouble number {i} " * 8})
    test.wait(tab, "document.querySelectorAll('#trouble-list li').length > 20")
    test.same(tab.evaluate(places), before, "places of the sections")
    for i in range(10, 30):
        test.server.change(f"trouble:{i}", None)
    test.wait(tab, "document.querySelectorAll('#trouble-list li').length < 10")
    test.same(tab.evaluate(places), before, "places of the sections")
    test.close(tab)


CASES = (shows_what_was_sent, goes_from_matrix_to_ladder, shows_hostile_text_as_text, says_when_nothing_comes,
         is_used_with_keys_alone, tells_who_cannot_see, fits_a_phone, does_not_jump)


def is_smooth_with_a_thousand_books(test):
    """All of 1,000 books change in nearly every frame; the page keeps most of the time to itself."""
    tab = test.open()
    n_rows = tab.evaluate("document.querySelectorAll('#books-grid .space .row').length")
    test.expect(n_rows < 60, f"only rows in sight exist: {n_rows}")
    before = tab.figures()
    time.sleep(MEASURED_S)  # what is measured is a share of this time, whatever it is
    spent = {name: value - before[name] for name, value in tab.figures().items()}
    share = (spent["ScriptDuration"] + spent["LayoutDuration"] + spent["RecalcStyleDuration"]) / spent["Timestamp"]
    print(f"  scripts, style and layout: {share:.1%} of the time, scripts {spent['ScriptDuration'] / spent['Timestamp']:.1%},"
          f" style {spent['RecalcStyleDuration'] / spent['Timestamp']:.1%}, layout {spent['LayoutDuration'] / spent['Timestamp']:.1%},"
          f" all tasks {spent['TaskDuration'] / spent['Timestamp']:.1%}")
    test.expect(share < LOADED_MAX * test.slow, f"share of the time that the page takes: {share:.2f}")
    tab.click("#books-grid .c-age .sorter")
    tab.press("6")
    tab.press("End")
    test.wait(tab, "document.querySelector('#books-grid').scrollTop > 10000")
    test.close(tab)


def run_cases(browser, slow, market, cases):
    for _ in range(WARM_STEPS if len(cases) > 1 else 10):
        market.step()
    server = FakeLive(market).start()
    test = Test(browser, server, slow)
    try:
        for case in cases:
            print(case.__name__, flush=True)
            try:
                case(test)
            except (Failure, StopIteration, IndexError, KeyError) as error:
                test.expect(False, f"{case.__name__}: {error!r}")
            test.let_go()
            server.is_stalled = False
        test.same(server.violations, [], "messages that the contract does not allow")
        test.same(server.missed, [], "requests for what is not there")
    finally:
        server.stop()
    return test.misses


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--slow", type=float, default=1, help="stretches all limits")
    given = parser.parse_args()
    path = chromium_path()
    if path is None:
        print("SKIP: there is no chromium here; etc/install-packages.sh browser installs it")
        return SKIPPED
    with Chromium(path) as browser:
        misses = run_cases(browser, given.slow, Market(320), CASES)
        misses += run_cases(browser, given.slow, Market(1000, busy=0.95), (is_smooth_with_a_thousand_books,))
    print(f"{len(misses)} misses" if misses else "all as it should be")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
