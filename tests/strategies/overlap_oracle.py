"""Brute force for real_overlap.py: what two books are at each moment, what is worth taking of them, from when until
when, and what was left of it later. Written from the documents alone: the venue's rules for a local book, the README.md
of cross_venue and docs/messages.md. All numbers are integers: prices and money in units of 10^-PX_SCALE, quantities in
units of 10^-QTY_SCALE, and products of the two exact.
"""
import math
from bisect import bisect_left, insort
from itertools import takewhile

PPM = 10**6
PX_SCALE, QTY_SCALE = 4, 8
UNIT = 10**QTY_SCALE
NS_PER_MS, NS_PER_US = 10**6, 10**3
PAIRS = (("spot", "perpetual"), ("perpetual", "spot"))  # buy, sell


def ceil_div(numerator, denominator):
    return -(-numerator // denominator)


def scaled(text, scale):
    """Exact: a digit that does not fit is an error."""
    whole, _, fraction = text.partition(".")
    head, tail = fraction[:scale].ljust(scale, "0"), fraction[scale:]
    if tail.strip("0"):
        raise ValueError(f"{text} has more than {scale} digits")
    value = int(whole.lstrip("-") + head)
    return -value if whole.startswith("-") else value


# -- a local book by the venue's rules ---------------------------------------------------------------------------------


class Side:
    """Levels best first. Keys are prices, of bids negated, so that the best one is the least."""

    def __init__(self, sign, rows, levels_max):
        self.sign, self.keys, self.qtys, self.edge = sign, [], {}, None
        for row in rows:
            self.put(*row)
        self.edge = self.keys[-1] if len(self.keys) >= levels_max else None

    def put(self, price, amount):
        key, qty = self.sign * scaled(price, PX_SCALE), scaled(amount, QTY_SCALE)
        if self.edge is not None and key > self.edge:
            return
        if qty > 0:
            if key not in self.qtys:
                insort(self.keys, key)
            self.qtys[key] = qty
        elif self.qtys.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]

    def levels(self):
        return ((self.sign * key, self.qtys[key]) for key in self.keys)


class Book:
    """
    A REST book and the diffs behind it. A side of a REST book that has as many levels as may be asked for ends where
    they end: what lies beyond is not known, and when a quarter is left the book is not good any more.
    """

    def __init__(self, levels_max):
        self.levels_max, self.waiting, self.sides = levels_max, [], None
        self.last, self.is_first, self.is_live, self.n_diffs, self.why = None, True, False, 0, ""

    def seed(self, rest):
        self.last, self.is_live = rest["lastUpdateId"], True
        self.sides = [Side(sign, rest[name], self.levels_max) for sign, name in ((-1, "bids"), (1, "asks"))]
        for diff in self.waiting:
            self.take(diff)

    def is_linked(self, diff):
        if self.is_first:
            return diff["U"] <= self.last + 1 or diff.get("pu") == self.last
        return diff["pu"] == self.last if "pu" in diff else diff["U"] == self.last + 1

    def take(self, diff):
        """False: it changes nothing."""
        if self.last is None:
            self.waiting.append(diff)
            return False
        if diff["u"] <= self.last or not self.is_live:
            return False
        if not self.is_linked(diff):
            self.give_up(f"a diff before {diff['U']} is missing")
            return True
        self.last, self.is_first, self.n_diffs = diff["u"], False, self.n_diffs + 1
        for side, name in zip(self.sides, "ba"):
            for price, amount in diff[name]:
                side.put(price, amount)
        if any(side.edge is not None and len(side.keys) < self.levels_max // 4 for side in self.sides):
            self.give_up("a quarter of what the REST book had is left of a side")
        return True

    def give_up(self, why):
        self.is_live, self.why = False, why


# -- what is worth taking ----------------------------------------------------------------------------------------------


class Stretch:
    """From `qty` on, up to `end`, one more unit is bought for `ask` and sold for `bid`."""

    def __init__(self, qty, end, prices, sums):
        self.qty, self.end, (self.ask, self.bid), (self.bought, self.sold) = qty, end, prices, sums


class Walk:
    """Both sides from the best levels on, as far as anybody may want to go."""

    def __init__(self, buy, sell, terms, threshold):
        self.terms, self.threshold, self.stretches, self.peak = terms, threshold, [], 0
        asks, bids = buy.sides[1].levels(), sell.sides[0].levels()
        ask, bid, qty, bought, sold = next(asks, None), next(bids, None), 0, 0, 0
        while ask and bid and (self.pays(ask[0], bid[0]) or not self.is_far(qty, bought, sold, ask[0])):
            step = min(ask[1], bid[1])
            self.stretches.append(Stretch(qty, qty + step, (ask[0], bid[0]), (bought, sold)))
            self.peak = qty + step if self.pays(ask[0], bid[0]) else self.peak
            qty, bought, sold = qty + step, bought + step * ask[0], sold + step * bid[0]
            ask = (ask[0], ask[1] - step) if ask[1] > step else next(asks, None)
            bid = (bid[0], bid[1] - step) if bid[1] > step else next(bids, None)
        self.depth = qty

    def pays(self, ask, bid):
        return bid * (PPM - self.terms.sell_fee) > ask * (PPM + self.terms.buy_fee + self.threshold)

    def is_far(self, qty, bought, sold, price):
        """Beyond the peak, the least that is accepted and a lot more: what follows is never the answer."""
        if self.peak == 0:
            return True
        terms, lot = self.terms, self.terms.lot
        return (qty >= max(self.peak, terms.min_qty) + 2 * lot and
                min(bought, sold) >= terms.min_notional * UNIT + 2 * lot * price)

    def sums(self, qty):
        """Exactly what `qty` costs and brings."""
        at = next(each for each in self.stretches if qty <= each.end)
        return at.bought + (qty - at.qty) * at.ask, at.sold + (qty - at.qty) * at.bid

    def limits(self, qty):
        at = next(each for each in self.stretches if qty <= each.end)
        return at.ask, at.bid

    def least(self):
        """The smallest quantity that both accept, or None."""
        wanted = self.terms.min_notional * UNIT
        qty = max(self.terms.lot, self.terms.min_qty)
        for is_cost in (True, False):
            for at in self.stretches:
                before, price = (at.bought, at.ask) if is_cost else (at.sold, at.bid)
                if before + (at.end - at.qty) * price >= wanted:
                    qty = max(qty, at.qty + ceil_div(wanted - before, price))
                    break
            else:
                return None
        return ceil_div(qty, self.terms.lot) * self.terms.lot

    def most(self):
        """The largest one that is there and allowed."""
        qty, cap = self.depth, self.terms.max_notional
        for at in self.stretches if cap is not None else ():
            if at.bought + (at.end - at.qty) * at.ask > cap * UNIT:
                qty = at.qty + (cap * UNIT - at.bought) // at.ask
                break
        return qty - qty % self.terms.lot

    def earned(self, qty):
        bought, sold = self.sums(qty)
        return sold * (PPM - self.terms.sell_fee) - bought * (PPM + self.terms.buy_fee + self.threshold)

    def best(self):
        """
        Between two ends of levels what is earned is a straight line, so the best accepted quantity is a multiple of the
        lot next to one of them, or the least, or the most that is accepted: all of these are tried.
        """
        least, most, lot = self.least(), self.most(), self.terms.lot
        if least is None or least > most:
            return None
        ends = (each.end for each in self.stretches)
        beside = {qty for end in ends for qty in (end - end % lot, ceil_div(end, lot) * lot)}
        return max(sorted(qty for qty in beside | {least, most} if least <= qty <= most), key=self.earned)


class Terms:
    """What both venues demand and take, and what is allowed; the least of each is what both accept."""

    def __init__(self, buy, sell, setting):
        self.buy_fee, self.sell_fee = setting.fees[buy.name], setting.fees[sell.name]
        self.lot = math.lcm(buy.lot, sell.lot)
        self.min_qty = max(buy.min_qty, sell.min_qty)
        self.min_notional = setting.min_notional or max(buy.min_notional, sell.min_notional)
        self.max_notional = setting.max_notional

    def fees(self, bought, sold):
        return (ceil_div(bought * self.buy_fee, UNIT * PPM), ceil_div(sold * self.sell_fee, UNIT * PPM))

    def net(self, bought, sold):
        return sold // UNIT - ceil_div(bought, UNIT) - sum(self.fees(bought, sold))


def offer(walk, qty):
    """All that is published of one quantity."""
    bought, sold = walk.sums(qty)
    terms, fees, (buy_px, sell_px) = walk.terms, walk.terms.fees(bought, sold), walk.limits(qty)
    parts = [qty * k // 4 for k in (1, 2, 3)]
    curve = [terms.net(*walk.sums(part - part % terms.lot)) for part in parts]
    cost, proceeds, net = ceil_div(bought, UNIT), sold // UNIT, terms.net(bought, sold)
    return {"qty": qty, "buy_px": buy_px, "sell_px": sell_px, "cost": cost, "proceeds": proceeds,
            "buy_fee": fees[0], "sell_fee": fees[1], "gross": proceeds - cost, "net": net,
            "net_ppm": net * PPM // cost, "curve": (*curve, net), "proven_qty": qty, "proven_net": net}


def reason_of(walk, found):
    """Why what was found, or not, is not enough."""
    if walk.peak == 0:
        return "gone"
    if not found or walk.least() > walk.peak:
        return "resized"
    return "below" if found["net"] > 0 else "gone"


def judge(buy, sell, terms, min_net):
    """(what is published, "") or (None, the reason of a close)."""
    if not buy.is_live or not sell.is_live:
        return None, "not_live"
    why = ""
    for threshold in sorted({min(min_net, 0), min_net}):
        walk = Walk(buy, sell, terms, threshold)
        qty = walk.best() if walk.peak > 0 else None
        found = offer(walk, qty) if qty else None
        if found and found["net"] * PPM > min_net * found["cost"]:
            return found, ""
        its = reason_of(walk, found)
        why = why or its
        if why == "resized":
            break
    return None, why


# -- from open to close ------------------------------------------------------------------------------------------------


class Life:
    """One opportunity."""

    def __init__(self, number, ns, pair, found):
        self.number, self.opened_ns, self.pair, self.first = number, ns, pair, found
        self.now, self.since_ns, self.peak, self.qty_ns = found, ns, found["net"], 0

    def change(self, ns, found):
        self.pass_time(ns)
        self.now, self.peak = found, max(self.peak, found["net"])

    def pass_time(self, ns):
        self.qty_ns += self.now["qty"] * (ns - self.since_ns)
        self.since_ns = ns

    def ended(self, ns):
        self.pass_time(ns)
        took = ns - self.opened_ns
        return {"duration_us": took // NS_PER_US, "peak_net": self.peak,
                "mean_qty": self.qty_ns // took if took else self.now["qty"]}


class Oracle:
    """What cross_venue has to publish of two books with one setting: rows of (ns, number, event, pair, what)."""

    def __init__(self, setting, venues):
        self.setting, self.lives, self.n = setting, {}, 0
        self.terms = {pair: Terms(*(venues[name] for name in pair), setting) for pair in PAIRS}
        self.rows, self.rests, self.due = [], [], []

    def say(self, ns, life, event, more=()):
        self.rows.append((ns, event, life.number, *life.pair, {**life.now, **dict(more)}))

    def look(self, ns, books):
        """At both directions, after one of the books changed."""
        for pair in PAIRS:
            life = self.lives.get(pair)
            min_net = self.setting.min_net - (self.setting.hysteresis if life else 0)
            found, why = judge(*(books[name] for name in pair), self.terms[pair], min_net)
            if found and not life:
                self.open(ns, pair, found)
            elif found and found != life.now:
                life.change(ns, found)
                self.say(ns, life, "update")
            elif life and not found:
                self.close(ns, pair, why)

    def open(self, ns, pair, found):
        self.n += 1
        life = self.lives[pair] = Life(self.n, ns, pair, found)
        self.say(ns, life, "open")
        for delay_ms in self.setting.delays_ms:
            insort(self.due, (ns + delay_ms * NS_PER_MS, self.n, delay_ms, life), key=lambda due: due[:2])

    def close(self, ns, pair, why):
        life = self.lives.pop(pair)
        self.say(ns, life, "close", {"reason": why, **life.ended(ns)}.items())

    def end(self, ns):
        for pair in list(self.lives):
            self.close(ns, pair, "shutdown")

    # What is left of it, had both legs been taken now at the limits of then.

    def rest_before(self, ns, books):
        while self.due and self.due[0][0] < ns:
            at_ns, number, delay_ms, life = self.due.pop(0)
            self.rests.append((at_ns, number, delay_ms, *self.left(life, books)))

    def left(self, life, books):
        """(is it known, quantity, net, of which quantity, of which net)."""
        buy, sell = (books[name] for name in life.pair)
        of = (life.first["qty"], life.first["net"])
        if not buy.is_live or not sell.is_live:
            return (False, 0, 0, *of)
        sides = [list(takewhile(lambda level: level[0] <= life.first["buy_px"], buy.sides[1].levels())),
                 list(takewhile(lambda level: level[0] >= life.first["sell_px"], sell.sides[0].levels()))]
        qty = min(life.first["qty"], *(sum(qty for _, qty in side) for side in sides))
        return (True, qty, self.terms[life.pair].net(*(taken(side, qty) for side in sides)), *of)


def taken(levels, qty):
    total = 0
    for price, has in levels:
        total += price * min(has, qty)
        qty -= min(has, qty)
    return total
