#!/usr/bin/env python3
"""Brute-force oracle for the strategy cross_venue.

Usage: cross_venue_oracle.py PROGRAM N [SEED]

Runs PROGRAM N [SEED], which prints one random case a line as JSON, and works out for each what the strategy should have
published, from its specification alone: every quantity from one lot to all that both sides have is tried, its earnings
are computed exactly by walking both books, and the best accepted one is taken. There is no shortcut by way of the peak.

All numbers are integers: prices in units of the quote currency (px_scale 0), quantities in units of 10^-qty_scale. An
"amount" below is a sum of price * quantity, that is the quote currency in units of 10^-qty_scale; it is exact.

Prints the first few differences with their cases, then `cases=N found=K`. Exits 1 if there is a difference or the
program did not print N cases, 2 if it was called wrongly.
"""

import json
import math
import subprocess
import sys
from itertools import accumulate

PPM = 10**6
DIFFERENCES_SHOWN = 5


def ceil_div(numerator, denominator):
    return -(-numerator // denominator)


def amounts(levels):
    """The amounts of the best 0, 1, 2, ... units of one side, walked unit by unit."""
    prices = [price for price, quantity in levels for _ in range(quantity)]
    return list(accumulate(prices, initial=0))


def worst_price(levels, qty):
    """The price of the last level that is needed for qty."""
    for price, quantity in levels:
        qty -= quantity
        if qty <= 0:
            return price
    raise ValueError("the book has less than that")


def proven_depth(levels, venue):
    """How much of one side rests on proven levels."""
    if not venue["is_verified"]:
        return 0
    proven = levels[: venue["verified_levels"]] if venue["verified_levels"] else levels
    return sum(quantity for _, quantity in proven)


class Case:
    """One case, with the sums that every question about it needs."""

    def __init__(self, case):
        self.asks, self.bids = case["asks"], case["bids"]
        self.buy, self.sell = case["buy"], case["sell"]
        self.unit = 10 ** case["qty_scale"]
        self.min_net_ppm = case["min_net_ppm"]
        self.max_notional = case["max_notional"]
        self.require_verified = case["require_verified"]
        self.lot = math.lcm(self.buy["lot"] or 1, self.sell["lot"] or 1)
        self.ask_amounts, self.bid_amounts = amounts(self.asks), amounts(self.bids)
        self.proven = min(proven_depth(self.asks, self.buy), proven_depth(self.bids, self.sell))

    def is_accepted(self, qty):
        """Step 3: minimums, maximum and what is required to be proven (lots and depth are seen to by `candidates`)."""
        bought, sold = self.ask_amounts[qty], self.bid_amounts[qty]
        return (
            qty >= self.buy["min_qty"]
            and qty >= self.sell["min_qty"]
            and bought >= self.buy["min_notional"] * self.unit
            and sold >= self.sell["min_notional"] * self.unit
            and (self.max_notional is None or bought <= self.max_notional * self.unit)
            and (not self.require_verified or qty <= self.proven)
        )

    def candidates(self):
        """All accepted quantities, the smallest first."""
        depth = min(len(self.ask_amounts), len(self.bid_amounts)) - 1
        return filter(self.is_accepted, range(self.lot, depth + 1, self.lot))

    def earnings(self, qty, threshold):
        """What is to be greatest: the exact earnings above the threshold; times unit * PPM."""
        sold = self.bid_amounts[qty] * (PPM - self.sell["fee_ppm"])
        return sold - self.ask_amounts[qty] * (PPM + self.buy["fee_ppm"] + threshold)

    def best_qty(self, threshold):
        """Step 3: the accepted quantity that earns most, of equal ones the smallest (max keeps the first); or None."""
        return max(self.candidates(), key=lambda qty: self.earnings(qty, threshold), default=None)

    def whole_lots(self, qty):
        return qty - qty % self.lot

    def money(self, qty):
        """Step 4: the sums of one quantity, rounded against us."""
        bought, sold = self.ask_amounts[qty], self.bid_amounts[qty]
        cost = ceil_div(bought, self.unit)
        proceeds = sold // self.unit
        buy_fee = ceil_div(bought * self.buy["fee_ppm"], self.unit * PPM)
        sell_fee = ceil_div(sold * self.sell["fee_ppm"], self.unit * PPM)
        fees = buy_fee + sell_fee
        gross = proceeds - cost
        return {"cost": cost, "proceeds": proceeds, "buy_fee": buy_fee, "sell_fee": sell_fee, "fees": fees,
                "gross": gross, "net": gross - fees}

    def net(self, qty):
        return self.money(qty)["net"]

    def terms(self, qty):
        """Step 4: all that is published of one quantity."""
        money = self.money(qty)
        proven_qty = self.whole_lots(min(qty, self.proven))
        parts = [self.whole_lots(qty * quarters // 4) for quarters in (1, 2, 3)] + [qty]
        return money | {
            "qty": qty,
            "buy_limit": worst_price(self.asks, qty),
            "sell_limit": worst_price(self.bids, qty),
            "gross_ppm": money["gross"] * PPM // money["cost"],
            "net_ppm": money["net"] * PPM // money["cost"],
            "curve": [self.net(part) for part in parts],
            "proven_qty": proven_qty,
            "proven_net": self.net(proven_qty),
            "is_verified": qty <= self.proven,
        }

    def is_enough(self, terms):
        """Step 5, before anything is rounded to ppm."""
        return terms["net"] * PPM > self.min_net_ppm * terms["cost"]

    def expected(self):
        """What should have been published, or None. Where the most is not enough, less may be."""
        for threshold in sorted({min(self.min_net_ppm, 0), self.min_net_ppm}):
            qty = self.best_qty(threshold)
            terms = None if qty is None else self.terms(qty)
            if terms is not None and self.is_enough(terms):
                return terms
        return None


def difference(expected, found):
    """In words, what differs; empty if nothing does."""
    if expected is None or found is None:
        return "" if expected is found else f"expected {json.dumps(expected)}, found {json.dumps(found)}"
    names = sorted(expected.keys() | found.keys())
    differing = [name for name in names if name not in expected or name not in found or expected[name] != found[name]]
    return "; ".join(f"{name}: expected {expected.get(name)}, found {found.get(name)}" for name in differing)


def check(lines):
    """Checks every case; the numbers of cases, of those where something was published, and of differences."""
    cases = published = differences = 0
    for line in lines:
        case = json.loads(line)
        cases += 1
        published += case["found"] is not None
        text = difference(Case(case).expected(), case["found"])
        if text:
            differences += 1
            if differences <= DIFFERENCES_SHOWN:
                print(f"case {cases}: {text}\n    {line.strip()}")
    return cases, published, differences


def main(arguments):
    if len(arguments) not in (2, 3) or not all(argument.isdigit() for argument in arguments[1:]):
        print("usage: cross_venue_oracle.py PROGRAM N [SEED]", file=sys.stderr)
        return 2
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as program:
        cases, published, differences = check(program.stdout)
    if differences:
        print(f"differences={differences}")
    is_complete = program.returncode == 0 and cases == int(arguments[1])
    if not is_complete:
        print(f"{arguments[0]} printed {cases} of {arguments[1]} cases and exited with {program.returncode}")
    print(f"cases={cases} found={published}")
    return 0 if is_complete and not differences else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
