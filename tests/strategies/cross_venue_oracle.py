#!/usr/bin/env python3
"""Brute-force oracle for the strategy cross_venue.

Usage: cross_venue_oracle.py PROGRAM N [SEED]

Runs PROGRAM N [SEED], which prints one random case a line as JSON, and works out for each what the strategy should have
published, from its specification alone: every quantity to sell from one lot to all that both sides have is tried, its earnings
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
    """One case, with the sums that every question about it needs. A quantity is what is sold, unless it says otherwise."""

    def __init__(self, case):
        self.asks, self.bids = case["asks"], case["bids"]
        self.buy, self.sell = case["buy"], case["sell"]
        self.unit = 10 ** case["qty_scale"]
        self.min_net_ppm = case["min_net_ppm"]
        self.max_notional = case["max_notional"]
        self.require_verified = case["require_verified"]
        self.quote_at_buy, self.base_at_sell = case["quote_at_buy"], case["base_at_sell"]
        self.transfer = case["withdrawal"]  # fee and time, or None: both venues hold what they need
        self.buy_lot, self.lot = self.buy["lot"] or 1, self.sell["lot"] or 1
        if self.transfer is None:
            self.buy_lot = self.lot = math.lcm(self.buy_lot, self.lot)
        self.ask_amounts, self.bid_amounts = amounts(self.asks), amounts(self.bids)
        self.proven_asks, self.proven_bids = proven_depth(self.asks, self.buy), proven_depth(self.bids, self.sell)

    def bought_for(self, qty):
        """To sell it: the same, or with the fee of the withdrawal on top, up to whole lots."""
        return qty if self.transfer is None else ceil_div(qty + self.transfer[0], self.buy_lot) * self.buy_lot

    def is_proven(self, qty):
        return self.bought_for(qty) <= self.proven_asks and qty <= self.proven_bids

    def is_there(self, qty):
        """What lies at the venues is enough; in a transfer what is sold is brought."""
        notional = ceil_div(self.ask_amounts[self.bought_for(qty)], self.unit)
        fee = max(self.buy_fee(qty), 0)
        return (self.quote_at_buy is None or notional + fee <= self.quote_at_buy) and (
            self.transfer is not None or self.base_at_sell is None or qty <= self.base_at_sell)

    def is_accepted(self, qty):
        """Step 3: minimums, maximum, and what is required to be proven (lots and depth are seen to by `candidates`)."""
        buy_qty = self.bought_for(qty)
        bought, sold = self.ask_amounts[buy_qty], self.bid_amounts[qty]
        return (
            buy_qty >= self.buy["min_qty"]
            and qty >= self.sell["min_qty"]
            and bought >= self.buy["min_notional"] * self.unit
            and sold >= self.sell["min_notional"] * self.unit
            and (self.max_notional is None or bought <= self.max_notional * self.unit)
            and (not self.require_verified or self.is_proven(qty))
            and self.is_there(qty)
        )

    def candidates(self):
        """All accepted quantities, the smallest first."""
        for qty in range(self.lot, len(self.bid_amounts), self.lot):
            if self.bought_for(qty) < len(self.ask_amounts) and self.is_accepted(qty):
                yield qty

    def earnings(self, qty, threshold):
        """What is to be greatest: the exact earnings above the threshold; times unit * PPM."""
        sold = self.bid_amounts[qty] * (PPM - self.sell["fee_ppm"])
        return sold - self.ask_amounts[self.bought_for(qty)] * (PPM + self.buy["fee_ppm"] + threshold)

    def best_qty(self, threshold):
        """Step 3: the accepted quantity that earns most, of equal ones the smallest (max keeps the first); or None."""
        return max(self.candidates(), key=lambda qty: self.earnings(qty, threshold), default=None)

    def whole_lots(self, qty):
        return qty - qty % self.lot

    def buy_fee(self, qty):
        return ceil_div(self.ask_amounts[self.bought_for(qty)] * self.buy["fee_ppm"], self.unit * PPM)

    def money(self, qty):
        """Step 4: the sums of one quantity, rounded against us."""
        bought, sold = self.ask_amounts[self.bought_for(qty)], self.bid_amounts[qty]
        cost = ceil_div(bought, self.unit)
        proceeds = sold // self.unit
        buy_fee = self.buy_fee(qty)
        sell_fee = ceil_div(sold * self.sell["fee_ppm"], self.unit * PPM)
        fees = buy_fee + sell_fee
        gross = proceeds - cost
        return {"cost": cost, "proceeds": proceeds, "buy_fee": buy_fee, "sell_fee": sell_fee, "fees": fees,
                "gross": gross, "net": gross - fees}

    def net(self, qty):
        """0 for nothing: a part of which nothing is left is not sent."""
        return self.money(qty)["net"] if qty else 0

    def proven_part(self, qty):
        """The greatest part of a quantity that is proven."""
        return next((part for part in range(self.whole_lots(qty), 0, -self.lot) if self.is_proven(part)), 0)

    def terms(self, qty):
        """Step 4: all that is published of one quantity."""
        money = self.money(qty)
        bought = self.bought_for(qty)
        proven = self.proven_part(qty)
        parts = [self.whole_lots(qty * quarters // 4) for quarters in (1, 2, 3)] + [qty]
        return money | {
            "transfer": self.transfer,
            "qty": bought,
            "sold": qty,
            "buy_limit": worst_price(self.asks, bought),
            "sell_limit": worst_price(self.bids, qty),
            "gross_ppm": money["gross"] * PPM // money["cost"],
            "net_ppm": money["net"] * PPM // money["cost"],
            "curve": [self.net(part) for part in parts],
            "proven_qty": self.bought_for(proven) if proven else 0,
            "proven_net": self.net(proven),
            "is_verified": self.is_proven(qty),
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
