#!/usr/bin/env python3
"""Brute-force oracle for the strategy triangular.

Usage: triangular_oracle.py PROGRAM N [SEED]

Runs PROGRAM N [SEED], which prints one random case a line as JSON, and works out for each what the strategy
should have published, from the closed definitions of its specification alone: every quantity that the book of
the first leg holds is sent through all legs, and the greatest one is taken that all books have and whose
worst levels still pay. There is no walk from level to level, and nothing is taken for granted about how one
quantity compares with the next.

All numbers are integers. "Worth" is a sum of price * quantity in units of 10^-(px_scale + qty_scale), exact.

Prints the first few differences with their cases, then `differences=D` and `cases=N found=F`, and of how many
the inventory of a venue is given, and makes the size smaller, down to nothing that is accepted in some. Exits 1
if there is a difference, if fewer than N cases came, if in fewer than a tenth of them something was found or in
fewer than a twentieth the inventory made the size smaller; 2 if called wrongly.
"""

import json
import subprocess
import sys
from bisect import bisect_right
from itertools import accumulate

PPM = 10**6
DIFFERENCES_SHOWN = 10


def ceil_div(numerator, denominator):
    return -(-numerator // denominator)


class Leg:
    """One leg with its side of the book, unit by unit.

    `worth[q]` is that of the best q units, `rate_up[q]` / `rate_down[q]` the rate of the worst level that
    they touch, which is the best level if they are none.
    """

    def __init__(self, leg, taken_scale):
        """`taken_scale` is that of the amounts that come from the leg before."""
        self.is_buy = leg["side"] == "buy"
        self.px_scale, self.qty_scale = leg["px_scale"], leg["qty_scale"]
        self.px_unit, self.qty_unit = 10**self.px_scale, 10**self.qty_scale
        self.fee_ppm = leg["fee_ppm"]
        self.lot, self.min_qty, self.min_notional = leg["lot"] or 1, leg["min_qty"], leg["min_notional"]
        self.there = leg["quote_there"] if self.is_buy else leg["base_there"]
        prices = [price for price, quantity in leg["levels"] for _ in range(quantity)]
        self.depth = len(prices)
        self.proven = proven_depth(leg)
        self.worth = list(accumulate(prices, initial=0))
        self.touched = prices[:1] + prices
        self.brought_scale = self.qty_scale if self.is_buy else self.px_scale
        self.prepare_rates()
        self.prepare_taking(taken_scale)

    def prepare_rates(self):
        """Section 4: 1 / (ask * (1 + f)) of a buy, bid * (1 - f) of a sell, as fractions."""
        if self.is_buy:
            self.rate_up = [self.px_unit * PPM] * len(self.touched)
            self.rate_down = [price * (PPM + self.fee_ppm) for price in self.touched]
        else:
            self.rate_up = [price * (PPM - self.fee_ppm) for price in self.touched]
            self.rate_down = [self.px_unit * PPM] * len(self.touched)

    def prepare_taking(self, taken_scale):
        """What q units of a buy need, to be compared with amounts; one more than all costs the last price."""
        self.taken_unit = 10**taken_scale
        self.amount_factor = self.px_unit * self.qty_unit * PPM
        one_more = self.worth + [self.worth[-1] + self.touched[-1]] if self.depth else self.worth
        self.needs = [worth * (PPM + self.fee_ppm) * self.taken_unit for worth in one_more]

    def takes(self, amount):
        """Section 3: the units taken of an amount; above `depth` if the book has too little for it."""
        if self.is_buy:
            return bisect_right(self.needs, amount * self.amount_factor) - 1
        return amount * self.qty_unit // self.taken_unit

    def brings(self, qty):
        """Section 3: what comes of a quantity, in units of 10^-brought_scale."""
        if self.is_buy:
            return qty
        return self.worth[qty] * (PPM - self.fee_ppm) // (self.qty_unit * PPM)

    def whole_lots(self, qty):
        return qty - qty % self.lot

    def is_accepted(self, qty):
        """Section 5: the minimums of the venue."""
        return qty > 0 and qty >= self.min_qty and self.worth[qty] >= self.min_notional * self.qty_unit

    def is_there(self, qty):
        """Section 5: does what it spends lie at the venue?"""
        if self.there is None:
            return True
        if not self.is_buy:
            return qty <= self.there
        terms = self.terms(qty)
        return terms["notional"] + max(terms["fee"], 0) <= self.there

    def terms(self, qty):
        """Section 6: the members of a leg, rounded against us."""
        worth = self.worth[qty]
        return {
            "qty": qty,
            "limit_px": self.touched[qty],
            "notional": ceil_div(worth, self.qty_unit) if self.is_buy else worth // self.qty_unit,
            "fee": ceil_div(worth * self.fee_ppm, self.qty_unit * PPM),
        }


def proven_depth(leg):
    """How many units of a leg rest on proven levels."""
    if not leg["is_verified"]:
        return 0
    proven = leg["levels"][: leg["verified_levels"]] if leg["verified_levels"] else leg["levels"]
    return sum(quantity for _, quantity in proven)


def make_legs(case):
    """All legs; each knows in which units the amounts of the one before come (the first takes none)."""
    legs, scale = [], 0
    for leg in case["legs"]:
        legs.append(Leg(leg, scale))
        scale = legs[-1].brought_scale
    return legs


class Case:
    """One case: a cycle of legs with what is asked of it."""

    def __init__(self, case):
        self.legs = make_legs(case)
        self.first, self.last = self.legs[0], self.legs[-1]
        self.min_net_ppm = case["min_net_ppm"]
        self.max_notional = case["max_notional"]
        self.is_short = False  # less lies at a venue than would be spent
        self.scale = self.first.px_scale if self.first.is_buy else self.first.qty_scale

    def quantities(self, qty):
        """Sections 3, 4: what each leg takes with `qty` units of the first; None if a book has too little."""
        quantities = [qty]
        amount = self.first.brings(qty)
        for leg in self.legs[1:]:
            qty = leg.takes(amount)
            if qty > leg.depth:
                return None
            quantities.append(qty)
            amount = leg.brings(qty)
        return quantities

    def pays(self, quantities, threshold):
        """Sections 4 and 7: is the product of the worst levels touched above what is asked?"""
        fee_ppm = self.first.fee_ppm if self.first.is_buy else 0
        up, down = PPM + fee_ppm, PPM + fee_ppm + threshold
        for leg, qty in zip(self.legs, quantities):
            up *= leg.rate_up[qty]
            down *= leg.rate_down[qty]
        return up > down

    def size(self, threshold):
        """Section 4: the greatest quantity of the first leg that all books have and that pays; else 0."""
        for qty in range(self.first.depth, 0, -1):
            quantities = self.quantities(qty)
            if quantities is not None and self.pays(quantities, threshold):
                return qty
        return 0

    def is_allowed(self, qty):
        """Section 5: does it cost at most max_notional?"""
        if self.max_notional is None:
            return True
        units, unit = self.max_notional["units"], 10 ** self.max_notional["scale"]
        if self.first.is_buy:
            most = units * self.first.px_unit // unit  # in whole units of the start currency
            return self.first.worth[qty] <= most * self.first.qty_unit
        return qty * unit <= units * self.first.qty_unit

    def lots(self, qty):
        """Section 5: what each leg sends with `qty` units of the first, all in whole lots."""
        quantities = [self.first.whole_lots(qty)]
        for before, leg in zip(self.legs, self.legs[1:]):
            quantities.append(leg.whole_lots(leg.takes(before.brings(quantities[-1]))))
        return quantities

    def to_units(self, value, scale, divide):
        """A value of some scale in units of the start currency; `divide` rounds it."""
        return divide(value * 10**self.scale, 10**scale)

    def proceeds(self, brought):
        """Section 6: what the last leg would bring had the other fees not been taken."""
        for leg in self.legs:
            if leg is self.first and leg.is_buy or leg is self.last and not leg.is_buy:
                continue
            if leg.is_buy:
                brought = brought * (PPM + leg.fee_ppm) // PPM
            else:
                brought = brought * PPM // (PPM - leg.fee_ppm)
        return brought

    def money(self, quantities):
        """Section 6: the sums of all quantities, in units of the start currency."""
        first, last = self.first.terms(quantities[0]), self.last.terms(quantities[-1])
        cost, first_fee = (first["notional"], first["fee"]) if self.first.is_buy else (first["qty"], 0)
        if self.last.is_buy:
            brought, last_fee = self.to_units(last["qty"], self.last.qty_scale, int.__floordiv__), 0
        else:
            brought = self.to_units(last["notional"], self.last.px_scale, int.__floordiv__)
            last_fee = self.to_units(last["fee"], self.last.px_scale, ceil_div)
        net = brought - last_fee - cost - first_fee
        proceeds = self.proceeds(brought)
        gross = proceeds - cost
        return {"cost": cost, "proceeds": proceeds, "gross": gross, "fees": gross - net, "net": net}

    def net(self, qty):
        """The net of a quantity of the first leg; 0 where a leg has nothing left."""
        quantities = self.lots(qty)
        return self.money(quantities)["net"] if all(quantities) else 0

    def is_proven(self, quantities):
        return all(qty <= leg.proven for leg, qty in zip(self.legs, quantities))

    def proven_qty(self, qty):
        """Section 6: the most whole lots with which each leg is proven; 0 where a leg has nothing left."""
        for part in range(self.first.whole_lots(qty), 0, -self.first.lot):
            quantities = self.lots(part)
            if self.is_proven(quantities):
                return part if all(quantities) else 0
        return 0

    def terms(self, quantities):
        """Section 6: all that is published of the quantities."""
        qty = quantities[0]
        money = self.money(quantities)
        proven_qty = self.proven_qty(qty)
        return money | {
            "gross_ppm": money["gross"] * PPM // money["cost"],
            "net_ppm": money["net"] * PPM // money["cost"],
            "curve": [self.net(qty * quarters // 4) for quarters in (1, 2, 3, 4)],
            "proven_qty": proven_qty,
            "proven_net": self.net(proven_qty),
            "is_verified": self.is_proven(quantities),
            "legs": [leg.terms(part) for leg, part in zip(self.legs, quantities)],
        }

    def there(self, allowed):
        """Section 5: the quantities of the most whole lots with which no leg spends more than lies at its venue."""
        for qty in range(self.first.whole_lots(allowed), -1, -self.first.lot):
            quantities = self.lots(qty)
            if all(leg.is_there(part) for leg, part in zip(self.legs, quantities)):
                return quantities
            self.is_short = True
        raise ValueError("nothing is more than lies there")

    def accepted(self, threshold):
        """Section 5: the quantities of all legs, limited and in whole lots; None if they are not accepted."""
        allowed = max(filter(self.is_allowed, range(self.size(threshold) + 1)), default=0)
        quantities = self.there(allowed)
        is_accepted = all(leg.is_accepted(qty) for leg, qty in zip(self.legs, quantities))
        return quantities if is_accepted else None

    def is_enough(self, money):
        """Section 7, before anything is rounded to ppm."""
        return money["net"] * PPM > self.min_net_ppm * money["cost"]

    def expected(self):
        """What should have been published, or None. Where the size does not earn enough, less may."""
        if not all(leg.depth for leg in self.legs):
            return None
        for threshold in sorted({min(self.min_net_ppm, 0), self.min_net_ppm}):
            quantities = self.accepted(threshold)
            if quantities is None:
                return None
            if self.is_enough(self.money(quantities)):
                return self.terms(quantities)
        return None


def differing(expected, found):
    """The members of both that differ, each with its two values."""
    missing = object()
    names = sorted(expected.keys() | found.keys())
    names = [name for name in names if expected.get(name, missing) != found.get(name, missing)]
    return {name: expected.get(name) for name in names}, {name: found.get(name) for name in names}


def difference(expected, found):
    """In words, what differs; empty if nothing does."""
    if expected == found:
        return ""
    if expected is not None and found is not None:
        expected, found = differing(expected, found)
    return f"expected {json.dumps(expected)}, found {json.dumps(found)}"


class Count:
    """What there was of cases, and how many differ."""

    def __init__(self):
        self.cases = self.found = self.differences = 0
        self.limited = self.short = self.short_found = 0

    def add(self, line):
        """Checks one case."""
        record = json.loads(line)
        case, found = Case(record), record["found"]
        text = difference(case.expected(), found)
        self.cases += 1
        self.found += found is not None
        self.limited += any(leg.there is not None for leg in case.legs)
        self.short += case.is_short
        self.short_found += case.is_short and found is not None
        self.differences += bool(text)
        if text and self.differences <= DIFFERENCES_SHOWN:
            print(f"case {self.cases}: {text}\n    {line.strip()}")

    def is_telling(self):
        """Prints what says too little."""
        if self.found * 10 < self.cases:
            print("fewer than a tenth of the cases were found: they say too little")
        if self.short * 20 < self.cases:
            print("in fewer than a twentieth of the cases less lies at a venue: they say too little of that")
        return self.found * 10 >= self.cases and self.short * 20 >= self.cases


def main(arguments):
    if len(arguments) not in (2, 3) or not all(argument.isdigit() for argument in arguments[1:]):
        print("usage: triangular_oracle.py PROGRAM N [SEED]", file=sys.stderr)
        return 2
    count = Count()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            count.add(line)
    is_complete = program.returncode == 0 and count.cases >= int(arguments[1])
    if not is_complete:
        print(f"{arguments[0]} printed {count.cases} of {arguments[1]} cases and exited with {program.returncode}")
    is_telling = count.is_telling()
    print(f"inventory={count.limited} smaller={count.short} smaller_found={count.short_found}")
    print(f"differences={count.differences}")
    print(f"cases={count.cases} found={count.found}")
    return 0 if is_complete and is_telling and not count.differences else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
