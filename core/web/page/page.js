// The dashboard. A socket brings items by key, and each section draws the kinds it is about.
//
// What comes is a venue's words in the end: it is written as text only, never as HTML, and never
// names an element, a class or an attribute. Prices and quantities stay text or BigInt; numbers in
// floating point place bars and lines, nothing else. Ages count from the server's time of the frame
// plus what has passed here since; the browser's clock of day is never asked.

const STALE_MS = 2_000; // without a frame for as long, nothing here counts as live
const GIVE_UP_MS = 10_000; // then the connection is made anew
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000];
const CLOCK_WINDOW_MS = 30_000;
const RESORT_MS = 1_000;
const ASK_MS = 150; // between messages: the server takes ten a second
const ASK_MAX_BYTES = 512;
const TEXT_MAX = 400;
const OWN_TROUBLE_MS = 60_000; // so long the page tells what it could not show
const AGES_MS = [1_000, 5_000, 30_000]; // steps of the shading
const AGES_DRAWN_MS = 240;
const CALM_AGES_MS = 1_000;
const LADDER_LEVELS = 25;
const SVG = "http://www.w3.org/2000/svg";

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const byId = (id) => document.getElementById(id);

// ---- text

// What is not to be seen, or turns the direction of what is around it.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function words(value) {
    if (typeof value !== "string") {
        return typeof value === "number" ? String(value) : "";
    }
    const text = value.length > TEXT_MAX ? value.slice(0, TEXT_MAX) + "…" : value;
    return text.replace(UNSEEN, "?");
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const listOf = (value) => (Array.isArray(value) ? value : []);
const grouped = (n) => (isNumber(n) ? String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",") : "–");
const twoDigits = (n) => String(n).padStart(2, "0");

function bp(ppm) {
    if (!isNumber(ppm)) {
        return "–";
    }
    const size = Math.abs(Math.trunc(ppm));
    const sign = ppm > 0 ? "+" : ppm < 0 ? "−" : "";
    return `${sign}${Math.trunc(size / 100)}.${twoDigits(size % 100)}`;
}

// A decimal text with its sign in front, so that colour is not all that tells.
function signed(text) {
    const shown = words(text);
    if (shown.startsWith("-")) {
        return "−" + shown.slice(1);
    }
    return /[1-9]/.test(shown) ? "+" + shown : shown || "–";
}

function span(ms) {
    if (!isNumber(ms)) {
        return "–";
    }
    const s = Math.max(0, ms) / 1000;
    if (s < 10) {
        return s.toFixed(1) + " s";
    }
    if (s < 60) {
        return Math.floor(s) + " s";
    }
    const [minutes, hours, days] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86400)];
    return minutes < 60 ? `${minutes} m ${twoDigits(Math.floor(s % 60))} s`
        : hours < 24 ? `${hours} h ${twoDigits(minutes % 60)} m` : `${days} d ${hours % 24} h`;
}

// How long an opportunity was there: milliseconds matter.
function life(ms) {
    return isNumber(ms) && ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : span(ms);
}

function timeOfDay(ms, withMs = false) {
    if (!isNumber(ms) || Math.abs(ms) > 8.64e15) {
        return "–";
    }
    return new Date(ms).toISOString().slice(11, withMs ? 23 : 19);
}

const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const percent = (ppm) => `${ppm < 0 ? "−" : ""}${Math.round(Math.abs(ppm) / 10_000)} %`;

// ---- exact decimals

const DECIMAL = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?$/;

function decimal(text) {
    const match = typeof text === "string" ? DECIMAL.exec(text) : null;
    if (!match) {
        return null;
    }
    const part = match[3] || "";
    return { units: BigInt(match[1] + match[2] + part), digits: part.length };
}

const scaled = (value, digits) => value.units * 10n ** BigInt(digits - value.digits);

function add(a, b) {
    const digits = Math.max(a.digits, b.digits);
    return { units: scaled(a, digits) + scaled(b, digits), digits };
}

function decimalText({ units, digits }) {
    const text = String(units < 0n ? -units : units).padStart(digits + 1, "0");
    const whole = text.slice(0, text.length - digits);
    const part = text.slice(text.length - digits).replace(/0+$/, "");
    return (units < 0n ? "-" : "") + whole + (part && "." + part);
}

// The spread of a book in ppm of its ask, or null.
function spreadPpm(book) {
    const bid = decimal(listOf(book.bid)[0]);
    const ask = decimal(listOf(book.ask)[0]);
    if (!bid || !ask || ask.units <= 0n) {
        return null;
    }
    const digits = Math.max(bid.digits, ask.digits);
    const top = scaled(ask, digits);
    return Number(((top - scaled(bid, digits)) * 1_000_000n) / top);
}

const spreads = new WeakMap();

function spreadOf(book) {
    if (!spreads.has(book)) {
        spreads.set(book, spreadPpm(book));
    }
    return spreads.get(book);
}

// ---- elements

function say(node, text) {
    if (node.shown !== text) {
        node.shown = text;
        node.textContent = text;
    }
}

function mark(node, classes) {
    if (node.marked !== classes) {
        node.marked = classes;
        node.className = classes;
    }
}

function tip(node, text) {
    if (node.tipped !== text) {
        node.tipped = text;
        node.title = text;
    }
}

function hide(node, isHidden) {
    if (node.hidden !== isHidden) {
        node.hidden = isHidden;
    }
}

function make(name, classes = "", text = "") {
    const node = document.createElement(name);
    node.className = classes;
    node.textContent = text;
    return node;
}

function draw(name, attributes, parent) {
    const node = document.createElementNS(SVG, name);
    set(node, attributes);
    parent?.append(node);
    return node;
}

function set(node, attributes) {
    for (const [name, value] of Object.entries(attributes)) {
        if (node.getAttribute(name) !== String(value)) {
            node.setAttribute(name, value);
        }
    }
}

// ---- items

const KINDS = ["host", "trouble", "venue", "book", "matrix", "opportunity", "survival", "ladder"];
const items = Object.fromEntries(KINDS.map((kind) => [kind, new Map()]));
const changed = new Set(KINDS);
const own = new Map(); // what is wrong with the page itself, as items of trouble

function put(key, item) {
    const kind = key.split(":", 1)[0];
    if (!KINDS.includes(kind)) {
        return; // of a newer server
    }
    changed.add(kind);
    if (item === null) {
        items[kind].delete(key);
    } else if (typeof item === "object" && !Array.isArray(item)) {
        items[kind].set(key, item);
    } else {
        complain("item", `what came as ${words(key)} is no object`);
    }
}

function complain(id, text) {
    if (own.get(id)?.text !== text) {
        own.set(id, { since_ms: serverNow(), severity: "warning", what: "this page", text });
        changed.add("trouble");
    }
}

const bookOf = (venue, symbol) => items.book.get(`book:${venue}:${symbol}`);

// ---- the server's time

// A frame may be late, but never early: of the last frames the one that was fastest tells best
// what the time is there.
const clock = { seen: [], best: NaN };

function learnTime(atMs) {
    const here = performance.now();
    const offset = atMs - here;
    clock.seen = clock.seen.filter((one) => one.here > here - CLOCK_WINDOW_MS);
    clock.seen.push({ here, offset });
    clock.best = Math.max(...clock.seen.map((one) => one.offset));
    link.lagMs = clock.best - offset;
}

function serverNow() {
    return clock.best + performance.now();
}

const since = (ms) => (isNumber(ms) ? serverNow() - ms : NaN);

// ---- connection

const link = {
    socket: null, isOpen: false, hasFrame: false, everHadFrame: false, isForeign: false,
    frameHere: 0, frameAtMs: NaN, triedHere: 0, lagMs: 0, failures: 0, retryHere: 0, timer: 0,
};
const wish = { book: null, said: null, saidHere: -Infinity, timer: 0 };

function connect() {
    clearTimeout(link.timer);
    const address = new URL("live", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.search = address.hash = "";
    const socket = new WebSocket(address);
    Object.assign(link, { socket, isOpen: false, hasFrame: false, triedHere: performance.now(), retryHere: 0 });
    const onlyThis = (act) => (event) => link.socket === socket && act(event);
    socket.onopen = onlyThis(() => {
        link.isOpen = true;
        wish.said = null;
        askLadder();
    });
    socket.onmessage = onlyThis((event) => take(event.data));
    socket.onclose = onlyThis(lose);
}

function lose() {
    const old = link.socket;
    const wait = RETRY_MS[Math.min(link.failures, RETRY_MS.length - 1)] * (0.75 + Math.random() / 2);
    Object.assign(link, { socket: null, isOpen: false, hasFrame: false, failures: link.failures + 1 });
    link.retryHere = performance.now() + wait;
    link.timer = setTimeout(connect, wait);
    old?.close();
    showStale();
}

function take(text) {
    let frame;
    try {
        frame = JSON.parse(text);
    } catch {
        complain("frame", "a frame was no JSON and is left out");
        return;
    }
    link.isForeign = frame?.v !== 1;
    if (link.isForeign || !isNumber(frame.at_ms) || typeof frame.items !== "object" || frame.items === null) {
        showStale();
        return;
    }
    begin(frame);
    for (const key of Object.keys(frame.items)) {
        put(key, frame.items[key]);
    }
    if (document.documentElement.classList.contains("stale")) {
        drawAll(); // what is old is gone before it looks live again
    }
    showStale();
    schedule();
}

// The first frame of a connection has everything, and so has one that says so: what it does not have
// is gone.
function begin(frame) {
    if (!link.hasFrame || frame.whole === true) {
        KINDS.forEach((kind) => items[kind].clear());
        KINDS.forEach((kind) => changed.add(kind));
        clock.seen = [];
    }
    learnTime(frame.at_ms);
    Object.assign(link, { hasFrame: true, everHadFrame: true, failures: 0 });
    Object.assign(link, { frameHere: performance.now(), frameAtMs: frame.at_ms });
}

// Why nothing here counts as live, or an empty text.
function whyStale(here) {
    if (link.isForeign) {
        return "arbspot speaks another version than this page. Reload it.";
    }
    if (!link.everHadFrame) {
        return here - link.triedHere < 700 && link.failures === 0 ? ""
            : "Not connected to arbspot. If it asks for a token, open this address with ?token=… once.";
    }
    if (link.socket === null) {
        return "The connection to arbspot is lost.";
    }
    if (!link.hasFrame) {
        return "The connection to arbspot is lost; it is being made anew.";
    }
    if (here - link.frameHere >= STALE_MS) {
        return "arbspot says nothing.";
    }
    return link.lagMs >= STALE_MS ? "What comes is late." : "";
}

function showStale() {
    const here = performance.now();
    const why = whyStale(here);
    document.documentElement.classList.toggle("stale", why !== "");
    hide(byId("stale"), why === "");
    say(byId("stale-text"), why);
    say(byId("stale-more"), why && moreStale(here));
    const isLive = why === "" && link.hasFrame;
    say(byId("pulse"), isLive ? "● live" : why ? "✕ not live" : "connecting");
    mark(byId("pulse"), isLive ? "chip good" : why ? "chip bad" : "chip");
    const wrong = items.trouble.size + own.size;
    const title = (why ? "✕ not live – " : wrong ? `(${wrong}) ` : "") + "arbspot";
    if (document.title !== title) {
        document.title = title;
    }
}

function moreStale(here) {
    const parts = [];
    if (link.everHadFrame) {
        parts.push(`Nothing for ${span(here - link.frameHere)}: all below is as of ${timeOfDay(link.frameAtMs)} UTC.`);
    }
    if (link.hasFrame && link.lagMs >= STALE_MS) {
        parts.push(`It is ${span(link.lagMs)} old.`);
    }
    if (link.socket === null && link.retryHere > here) {
        parts.push(`Next attempt in ${Math.ceil((link.retryHere - here) / 1000)} s.`);
    }
    return parts.join(" ");
}

function watchLink() {
    const here = performance.now();
    const heard = link.hasFrame ? link.frameHere : link.triedHere;
    if (link.socket !== null && !link.isForeign && here - heard > GIVE_UP_MS) {
        lose();
    }
    showStale();
}

// Says which ladder is wanted, not more often than the server takes it.
function askLadder() {
    clearTimeout(wish.timer);
    const text = JSON.stringify({ ladder: wish.book });
    if (!link.isOpen || text === wish.said || (wish.said === null && wish.book === null)) {
        return;
    }
    const wait = wish.saidHere + ASK_MS - performance.now();
    if (wait > 0) {
        wish.timer = setTimeout(askLadder, wait);
        return;
    }
    if (new TextEncoder().encode(text).length > ASK_MAX_BYTES) {
        complain("wish", "the name of this book is too long to ask for its ladder");
        return;
    }
    Object.assign(wish, { said: text, saidHere: performance.now() });
    link.socket.send(text);
}

// ---- a table of rows that are all of one height; only those in sight exist

class Grid {
    // columns: {id, title, write(cell, item), sortBy(item)?}; options: {keyOf, open, rowClass, empty}
    constructor(id, columns, options) {
        Object.assign(this, { element: byId(id), columns, options, rows: [], pool: [], active: null });
        Object.assign(this, { sort: null, height: 24, top: 0, room: 0, headHeight: 0, isHeld: false });
        this.fits = this.element.classList.contains("fits");
        this.buildHead();
        this.space = make("div", "space");
        this.space.setAttribute("role", "rowgroup");
        this.none = make("p", "none dim");
        this.element.append(this.space, this.none);
        this.listen();
    }

    buildHead() {
        this.head = make("div", "row headrow");
        this.head.setAttribute("role", "row");
        this.titles = this.columns.map((column) => {
            const title = make("div", `cell c-${column.id}${column.sortBy ? "" : " unsorted"}`);
            title.setAttribute("role", "columnheader");
            title.append(column.sortBy ? this.makeSorter(column) : column.title);
            return title;
        });
        this.head.append(...this.titles);
        this.element.append(this.head);
    }

    makeSorter(column) {
        const button = make("button", "sorter", column.title);
        button.type = "button";
        button.title = "Sorts by " + column.title;
        button.addEventListener("click", () => this.sortBy(column));
        return button;
    }

    sortBy(column) {
        const isSame = this.sort?.column === column;
        this.sort = { column, isDown: isSame ? !this.sort.isDown : false };
        this.titles.forEach((title, i) => {
            const isThis = this.columns[i] === column;
            title.setAttribute("aria-sort", !isThis ? "none" : this.sort.isDown ? "descending" : "ascending");
        });
        this.options.onSort?.();
    }

    listen() {
        const element = this.element;
        element.addEventListener("scroll", () => {
            this.top = element.scrollTop;
            this.drawRows();
        }, { passive: true });
        element.addEventListener("keydown", (event) => this.onKey(event));
        element.addEventListener("click", (event) => {
            const row = event.target.closest(".row");
            if (row && row !== this.head && row.item) {
                this.choose(row.item);
                this.options.open(row.item);
            }
        });
        element.addEventListener("pointerenter", () => { this.isHeld = true; });
        element.addEventListener("pointerleave", () => { this.isHeld = false; });
        new ResizeObserver(() => this.measure()).observe(element);
        this.measure();
    }

    measure() {
        this.height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || 24;
        this.room = this.element.clientHeight;
        this.headHeight = this.head.offsetHeight;
        this.drawRows();
    }

    onKey(event) {
        if (event.target !== this.element || event.ctrlKey || event.altKey || event.metaKey) {
            return;
        }
        const page = Math.max(1, Math.floor((this.room - this.headHeight) / this.height) - 1);
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
        if (event.key in steps) {
            event.preventDefault();
            this.moveBy(steps[event.key]);
        } else if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            const item = this.rows[this.activeIndex()];
            if (item) {
                this.options.open(item);
            }
        }
    }

    activeIndex() {
        return this.rows.findIndex((item) => this.options.keyOf(item) === this.active);
    }

    moveBy(step) {
        const at = this.activeIndex();
        const to = at < 0 && Math.abs(step) === 1 ? 0 : Math.min(this.rows.length - 1, Math.max(0, at + step));
        if (this.rows[to]) {
            this.choose(this.rows[to]);
            this.reveal(to);
        }
    }

    choose(item) {
        this.active = this.options.keyOf(item);
        this.drawRows();
    }

    reveal(index) {
        if (this.fits) {
            return;
        }
        const [top, shown] = [index * this.height, this.room - this.headHeight];
        if (top < this.top) {
            this.element.scrollTop = top;
        } else if (top + this.height > this.top + shown) {
            this.element.scrollTop = top + this.height - shown;
        }
    }

    show(rows) {
        this.rows = rows;
        if (this.shownRows !== rows.length) {
            this.shownRows = rows.length;
            this.element.setAttribute("aria-rowcount", rows.length + 1);
        }
        hide(this.none, rows.length > 0);
        say(this.none, rows.length > 0 ? "" : this.options.empty());
        this.drawRows();
    }

    drawRows() {
        const total = `${this.rows.length * this.height}px`;
        if (this.space.style.height !== total) {
            this.space.style.height = total;
        }
        const first = this.fits ? 0 : Math.max(0, Math.floor(this.top / this.height) - 2);
        const n = this.fits ? this.rows.length : Math.ceil(this.room / this.height) + 4;
        const shown = this.rows.slice(first, first + n);
        while (this.pool.length < shown.length) {
            this.addRow();
        }
        let activeId = "";
        this.pool.forEach((row, i) => {
            hide(row, i >= shown.length);
            if (i < shown.length) {
                activeId = this.drawRow(row, shown[i], first + i) ? row.id : activeId;
            }
        });
        this.setActive(activeId);
    }

    setActive(id) {
        if (this.activeId !== id) {
            this.activeId = id;
            if (id) {
                this.element.setAttribute("aria-activedescendant", id);
            } else {
                this.element.removeAttribute("aria-activedescendant");
            }
        }
    }

    addRow() {
        const row = make("div", "row");
        row.id = `${this.element.id}-${this.pool.length}`;
        row.setAttribute("role", "row");
        row.cells = this.columns.map((column) => {
            const cell = make("div", `cell c-${column.id}`);
            cell.setAttribute("role", "gridcell");
            cell.base = `cell c-${column.id}`;
            return cell;
        });
        row.append(...row.cells);
        this.pool.push(row);
        this.space.append(row);
    }

    // Returns whether this is the row that the keys move.
    drawRow(row, item, index) {
        const isActive = this.options.keyOf(item) === this.active;
        row.item = item;
        if (row.index !== index || row.placed !== this.height) {
            row.index = index;
            row.placed = this.height;
            row.style.transform = `translateY(${index * this.height}px)`;
            row.setAttribute("aria-rowindex", index + 2);
        }
        mark(row, `row ${this.options.rowClass(item)}${isActive ? " active" : ""}`);
        this.columns.forEach((column, i) => write(row.cells[i], column, item));
        return isActive;
    }

    sorted(list) {
        if (!this.sort) {
            return list;
        }
        const { column, isDown } = this.sort;
        const keyed = list.map((item) => [column.sortBy(item), item]);
        const order = isDown ? -1 : 1;
        return keyed.sort((a, b) => compare(a[0], b[0]) * order).map((pair) => pair[1]);
    }
}

// An item of a form that nobody expected spoils its own cell only.
function write(cell, column, item) {
    try {
        column.write(cell, item);
    } catch (error) {
        say(cell, "?");
        complain("cell", `a field could not be shown (${column.title}): ${words(error.message)}`);
    }
}

function fill(cell, text, more = "") {
    say(cell, text);
    mark(cell, more ? `${cell.base} ${more}` : cell.base);
}

// Missing values come last, texts by their letters.
function compare(a, b) {
    if (a === null || b === null) {
        return (a === null) - (b === null);
    }
    return a < b ? -1 : a > b ? 1 : 0;
}

// ---- top

function drawHost() {
    const host = items.host.get("host") || {};
    const broker = host.broker || {};
    const mode = host.mode === "kafka" ? "from Kafka" : host.mode === "host" ? "in the host" : "";
    say(byId("host-name"), [words(host.name), words(host.version), mode].filter(Boolean).join(" · "));
    say(byId("figure-live"), `${grouped(host.n_live)} of ${grouped(host.n_books)}`);
    mark(byId("figure-live"), host.n_live < host.n_books ? "warn" : "");
    say(byId("figure-events"), grouped(host.events_per_s));
    mark(byId("figure-events"), host.skipped > 0 ? "warn" : "");
    tip(byId("figure-events"), `${grouped(host.skipped)} events were skipped: what is shown came from a newer whole book`);
    say(byId("figure-broker"), words(broker.state) || "–");
    mark(byId("figure-broker"), broker.state === "down" ? "bad" : "");
    tip(byId("figure-broker"), `${words(broker.text)} (for ${span(since(broker.since_ms))})`);
    say(byId("figure-up"), span(since(host.started_ms)));
    say(byId("figure-time"), timeOfDay(serverNow()));
}

// ---- what is wrong

const heard = { troubles: null }; // key -> sentence, as last told to who cannot see

function troubles() {
    for (const [key, item] of own) {
        if (since(item.since_ms) > OWN_TROUBLE_MS) {
            own.delete(key);
        }
    }
    const rank = (item) => (item.severity === "error" ? 0 : 1);
    return [...items.trouble, ...own].sort(([, a], [, b]) => rank(a) - rank(b) || a.since_ms - b.since_ms);
}

function drawTroubles() {
    const all = troubles();
    const errors = all.filter(([, item]) => item.severity === "error").length;
    const host = items.host.get("host") || {};
    const rest = host.n_books - host.n_live;
    say(byId("trouble-count"), all.length === 0 ? "" : `${counted(errors, "error")}, ${counted(all.length - errors, "warning")}`);
    mark(byId("trouble"), errors ? "panel error" : all.length ? "panel warning" : "panel fine");
    const list = byId("trouble-list");
    while (list.children.length > Math.max(1, all.length)) {
        list.lastChild.remove();
    }
    while (list.children.length < Math.max(1, all.length)) {
        list.append(makeTrouble());
    }
    all.forEach(([, item], i) => drawTrouble(list.children[i], item));
    if (all.length === 0) {
        drawTrouble(list.children[0], {
            severity: "fine", what: "",
            text: rest > 0 ? `Nothing is reported. ${rest} of ${host.n_books} books are not LIVE (filter the books: !live).`
                : !link.hasFrame ? "" : host.n_books > 0 ? "Nothing is wrong. All books are LIVE."
                : "Nothing is reported, and no book is known yet.",
        });
    }
    announce(all);
}

function makeTrouble() {
    const line = make("li");
    line.parts = ["severity", "what", "text", "since"].map((name) => make("span", name));
    line.append(...line.parts);
    return line;
}

const SEVERITIES = { error: "■ error", warning: "▲ warning", fine: "✓ fine" };

function drawTrouble(line, item) {
    const [severity, what, text, age] = line.parts;
    const known = item.severity in SEVERITIES ? item.severity : "warning";
    mark(line, known);
    say(severity, SEVERITIES[known]);
    say(what, words(item.what));
    say(text, words(item.text));
    say(age, isNumber(item.since_ms) ? "for " + span(since(item.since_ms)) : "");
}

// Tells a screen reader what has begun and what has ended, once.
function announce(all) {
    if (!link.hasFrame) {
        return;
    }
    const told = new Map(all.map(([key, item]) => [key, `${words(item.what)}: ${words(item.text)}`]));
    const before = heard.troubles || new Map();
    const begun = [...told].filter(([key]) => !before.has(key)).map(([, text]) => text);
    const ended = [...before].filter(([key]) => !told.has(key)).map(([, text]) => "Over: " + text);
    if (begun.length + ended.length > 0) {
        say(byId("said"), [...begun, ...ended].join(". "));
    }
    heard.troubles = told;
}

// ---- venues

const VENUE_STATES = { live: "● live", partly: "◐ partly", silent: "✕ silent", unheard: "○ unheard" };
const VENUE_CLASSES = { live: "good", partly: "warn", silent: "bad", unheard: "dim" };

const venueColumns = [
    { id: "name", title: "venue", write: (cell, venue) => fill(cell, words(venue.name)) },
    {
        id: "state", title: "state",
        write: (cell, venue) => fill(cell, VENUE_STATES[venue.state] || words(venue.state), VENUE_CLASSES[venue.state] || "warn"),
    },
    {
        id: "live", title: "LIVE of all",
        write: (cell, venue) => fill(cell, `${grouped(venue.n_live)} / ${grouped(venue.n_books)}`,
            venue.n_live < venue.n_books ? "warn" : ""),
    },
    { id: "rate", title: "events/s", write: (cell, venue) => fill(cell, grouped(venue.events_per_s)) },
    {
        id: "lag", title: "lag",
        write: (cell, venue) => fill(cell, isNumber(venue.lag_ms) ? `${grouped(venue.lag_ms)} ms` : "–"),
    },
    { id: "clock", title: "clock", write: (cell, venue) => fill(cell, clockText(venue)) },
    {
        id: "heard", title: "heard",
        write: (cell, venue) => fill(cell, span(since(venue.alive_ms)), since(venue.alive_ms) > 3_000 ? "warn" : ""),
    },
    { id: "trouble", title: "last trouble", write: drawLastTrouble },
];

function clockText(venue) {
    if (!isNumber(venue.clock_offset_ms)) {
        return "–";
    }
    const error = isNumber(venue.clock_error_ms) ? ` ± ${grouped(venue.clock_error_ms)}` : "";
    return `${signed(String(Math.round(venue.clock_offset_ms)))}${error} ms`;
}

function drawLastTrouble(cell, venue) {
    const text = words(venue.last_trouble);
    const age = isNumber(venue.last_trouble_ms) ? `${span(since(venue.last_trouble_ms))} ago: ` : "";
    fill(cell, text && age + text, "dim");
    tip(cell, text);
}

const venueGrid = new Grid("venues-grid", venueColumns, {
    keyOf: (venue) => venue.name,
    rowClass: (venue) => (venue.state === "live" || venue.state === "partly" ? "" : "dead"),
    open: (venue) => showBooksOf(words(venue.name)),
    empty: () => "No venue has been heard of.",
});

function drawVenues() {
    venueGrid.show([...items.venue.values()].sort((a, b) => compare(words(a.name), words(b.name))));
}

// ---- spread matrix

// pair: what opportunities and survival are limited to, or null
const view = {
    symbol: null, symbols: [], cell: [0, 1], hasFocus: false, hover: null, pair: null,
    chosen: null, opportunities: [], keys: new Map(), // of opportunities, keys by item
};

function ageStep(ms) {
    const step = AGES_MS.findIndex((limit) => ms < limit);
    return step < 0 ? AGES_MS.length : step;
}

const bests = new WeakMap();

// The cell of a matrix that pays best: {row, column, ppm}, or null.
function bestOf(matrix) {
    if (bests.has(matrix)) {
        return bests.get(matrix);
    }
    let best = null;
    listOf(matrix.net_ppm).forEach((line, row) => listOf(line).forEach((ppm, column) => {
        if (isNumber(ppm) && (best === null || ppm > best.ppm)) {
            best = { row, column, ppm };
        }
    }));
    bests.set(matrix, best);
    return best;
}

function bestMatrix() {
    let found = null;
    for (const matrix of items.matrix.values()) {
        const best = bestOf(matrix);
        if (best && (found === null || best.ppm > found.ppm)) {
            found = { ...best, matrix };
        }
    }
    return found;
}

function fillSelect(select, entries, chosen) {
    const shown = JSON.stringify(entries);
    if (select.filled !== shown) {
        select.filled = shown;
        select.replaceChildren(...entries.map(([value, text]) => {
            const option = make("option", "", text);
            option.value = value;
            return option;
        }));
    }
    if (select.value !== chosen) {
        select.value = chosen;
    }
}

function drawMatrixTools() {
    if (changed.has("matrix")) {
        view.symbols = [...items.matrix.values()].map((matrix) => words(matrix.symbol)).sort();
    }
    const best = bestMatrix();
    if (view.symbol === null && best) {
        view.symbol = words(best.matrix.symbol);
    }
    fillSelect(byId("matrix-symbol"), view.symbols.map((symbol) => [symbol, symbol]), view.symbol);
    const button = byId("matrix-best");
    button.symbol = best ? words(best.matrix.symbol) : null;
    say(button, best ? `best of all: ${bp(best.ppm)} bp ${button.symbol}` : "best of all: –");
}

function currentMatrix() {
    return items.matrix.get(`matrix:${view.symbol}`) ||
        [...items.matrix.values()].find((matrix) => words(matrix.symbol) === view.symbol) || null;
}

function drawMatrix() {
    drawMatrixTools();
    const matrix = currentMatrix();
    const venues = matrix ? listOf(matrix.venues) : [];
    say(byId("matrix-fees"), !matrix ? "no instrument is heard on two venues"
        : matrix.fees_known ? "bp after both fees" : "▲ bp before fees: not all are known");
    mark(byId("matrix-fees"), matrix && !matrix.fees_known ? "warn" : "dim");
    const table = byId("matrix-table");
    const names = JSON.stringify(venues.map((venue) => words(venue.name)));
    if (table.names !== names) {
        table.names = names;
        buildMatrix(table, venues);
    }
    if (matrix) {
        drawCells(table, matrix, venues);
    }
    drawMatrixLine(matrix, venues);
}

function buildMatrix(table, venues) {
    const head = make("tr");
    head.append(make("th", "corner", "buy ↓  sell →"));
    head.firstChild.scope = "col";
    const columns = venues.map(() => makeVenueHead("col"));
    head.append(...columns);
    const rows = venues.map((_, row) => {
        const line = make("tr");
        line.head = makeVenueHead("row");
        line.fields = venues.map((__, column) => makeCell(row, column));
        line.append(line.head, ...line.fields);
        return line;
    });
    table.style.minWidth = `${104 + venues.length * 76}px`;
    table.columns = columns;
    table.lines = rows;
    table.replaceChildren(head, ...rows);
    view.cell = [0, Math.min(1, venues.length - 1)];
}

function makeVenueHead(scope) {
    const head = make("th");
    head.scope = scope;
    head.parts = [make("span", "name"), make("span", "price")];
    head.append(...head.parts);
    return head;
}

function makeCell(row, column) {
    const cell = make("td");
    cell.at = [row, column];
    cell.setAttribute("role", "gridcell");
    return cell;
}

function drawVenueHead(head, venue, side) {
    const isLive = venue.state === "LIVE";
    say(head.parts[0], words(venue.name));
    say(head.parts[1], isLive ? words(venue[side]) || "–" : words(venue.state));
    mark(head, isLive ? "" : "dead");
    tip(head, isNumber(venue.fee_ppm) ? `taker fee ${bp(venue.fee_ppm).replace("+", "")} bp` : "taker fee not known");
}

function drawCells(table, matrix, venues) {
    const best = bestOf(matrix);
    const isPair = (row, column) => view.pair?.symbol === view.symbol &&
        view.pair.buy === words(venues[row].name) && view.pair.sell === words(venues[column].name);
    table.columns.forEach((head, i) => drawVenueHead(head, venues[i], "bid"));
    table.lines.forEach((line, row) => {
        drawVenueHead(line.head, venues[row], "ask");
        line.fields.forEach((cell, column) => {
            const ppm = listOf(listOf(matrix.net_ppm)[row])[column];
            const isBest = best !== null && best.row === row && best.column === column;
            drawCell(cell, isNumber(ppm) ? ppm : null, pairAge(venues, row, column), isBest);
            set(cell, { tabindex: view.cell[0] === row && view.cell[1] === column ? 0 : -1 });
            set(cell, { "aria-selected": isPair(row, column) });
        });
    });
}

// The older of both books.
function pairAge(venues, row, column) {
    return Math.max(since(venues[row].changed_ms), since(venues[column].changed_ms));
}

function drawCell(cell, ppm, ageMs, isBest) {
    const isSame = cell.at[0] === cell.at[1];
    say(cell, isSame ? "" : bp(ppm));
    const sign = isSame ? "same" : ppm === null ? "none" : ppm > 0 ? "pays" : "costs";
    mark(cell, `${sign} a${ageStep(ageMs)}${isBest ? " best" : ""}`);
    if (isBest) {
        set(cell, { "aria-current": "true" });
    } else if (cell.hasAttribute("aria-current")) {
        cell.removeAttribute("aria-current");
    }
}

// The cell under the pointer or the keys, or else the best one, in words.
function drawMatrixLine(matrix, venues) {
    const best = matrix && bestOf(matrix);
    const at = view.hover || (view.hasFocus ? view.cell : best ? [best.row, best.column] : null);
    const line = byId("matrix-line");
    if (!at || !venues[at[0]] || !venues[at[1]]) {
        say(line, matrix ? "No two of these books are LIVE." : "");
        return;
    }
    const [buy, sell] = [venues[at[0]], venues[at[1]]];
    const ppm = listOf(listOf(matrix.net_ppm)[at[0]])[at[1]];
    if (!isNumber(ppm)) {
        say(line, at[0] === at[1] ? "The same venue." : `${words(buy.name)} ${words(buy.state)}, ${words(sell.name)} ${words(sell.state)}: no price.`);
        return;
    }
    const which = best && best.row === at[0] && best.column === at[1] ? "Best: " : "";
    say(line, `${which}buy ${words(buy.name)} at ${words(buy.ask)}${feeText(buy)}, sell ${words(sell.name)} at ` +
        `${words(sell.bid)}${feeText(sell)}: ${bp(ppm)} bp, the older book changed ${span(pairAge(venues, ...at))} ago`);
}

const feeText = (venue) => (isNumber(venue.fee_ppm) ? ` (fee ${bp(venue.fee_ppm).replace("+", "")} bp)` : "");

function choosePair(row, column) {
    const venues = listOf(currentMatrix()?.venues);
    if (row === column || !venues[row] || !venues[column]) {
        return;
    }
    const pair = { symbol: view.symbol, buy: words(venues[row].name), sell: words(venues[column].name) };
    const isSame = JSON.stringify(pair) === JSON.stringify(view.pair);
    view.pair = isSame ? null : pair;
    if (view.pair) {
        chooseSurvival(view.pair.buy, view.pair.sell);
    }
    changed.add("opportunity").add("survival");
    schedule();
}

function onMatrixKey(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const n = byId("matrix-table").lines?.length || 0;
    const [row, column] = view.cell;
    let to = null;
    if (event.key in steps) {
        to = [row + steps[event.key][0], column + steps[event.key][1]];
    } else if (event.key === "Home" || event.key === "End") {
        to = [row, event.key === "Home" ? 0 : n - 1];
    } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choosePair(row, column);
    }
    if (to !== null && n > 0) {
        event.preventDefault();
        focusCell(...to.map((at) => Math.min(n - 1, Math.max(0, at))));
    }
}

function focusCell(row, column) {
    const table = byId("matrix-table");
    set(table.lines[view.cell[0]].fields[view.cell[1]], { tabindex: -1 });
    view.cell = [row, column];
    set(table.lines[row].fields[column], { tabindex: 0 });
    table.lines[row].fields[column].focus();
}

function listenMatrix() {
    const table = byId("matrix-table");
    table.addEventListener("keydown", onMatrixKey);
    table.addEventListener("focusin", () => { view.hasFocus = true; schedule(); });
    table.addEventListener("focusout", () => { view.hasFocus = false; schedule(); });
    table.addEventListener("pointerover", (event) => { view.hover = event.target.closest("td")?.at || null; schedule(); });
    table.addEventListener("pointerleave", () => { view.hover = null; schedule(); });
    table.addEventListener("click", (event) => {
        const at = event.target.closest("td")?.at;
        if (at) {
            focusCell(...at);
            choosePair(...at);
        }
    });
    byId("matrix-symbol").addEventListener("change", (event) => showSymbol(event.target.value));
    byId("matrix-best").addEventListener("click", (event) => showSymbol(event.currentTarget.symbol));
}

function showSymbol(symbol) {
    if (symbol !== null) {
        view.symbol = symbol;
        schedule();
    }
}

// ---- small pictures

// Bars of values that may be negative, null (nobody knows) or missing; returns the picture.
function makeBars(n, width, height) {
    const picture = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    picture.bars = Array.from({ length: n }, () => draw("rect", {}, picture));
    Object.assign(picture, { room: width / n, tall: height });
    return picture;
}

function drawBars(picture, values) {
    const sizes = values.map((value) => (value === null || value === undefined ? null : Number(value)));
    const most = Math.max(1e-12, ...sizes.map((size) => Math.abs(size ?? 0)));
    const lowest = Math.min(0, ...sizes.map((size) => size ?? 0));
    const scale = (picture.tall - 1) / (most - lowest);
    const zero = picture.tall - 0.5 + lowest * scale;
    picture.bars.forEach((bar, i) => {
        const size = sizes[i] ?? 0;
        const tall = Math.max(1, Math.abs(size) * scale);
        set(bar, {
            x: i * picture.room + 1, width: picture.room - 2, y: size < 0 ? zero : zero - tall, height: tall,
            class: i >= values.length ? "nothing" : sizes[i] === null ? "unknown" : size < 0 ? "costs" : "pays",
        });
    });
}

// ---- opportunities

const REASONS = {
    gone: "gone", below: "below threshold", resized: "resized", not_live: "book not LIVE", too_old: "too old",
    handed_over: "handed over", shutdown: "shut down", abandoned: "abandoned", minimum: "minimum",
};
const isOpen = (item) => item.event !== "close";
const legsOf = (item) => listOf(item.legs);
const lifeOf = (item) => (isOpen(item) ? since(item.opened_ms) : item.lasted_ms);

function routeOf(item) {
    return legsOf(item).map((leg) => words(leg.venue)).join(" → ");
}

function proofOf(item) {
    const flags = listOf(item.flags).map(words);
    return [...flags, words(item.verified)].join(", ");
}

const opportunityColumns = [
    {
        id: "state", title: "state",
        write: (cell, item) => fill(cell, isOpen(item) ? "● open" : REASONS[item.reason] || words(item.reason) || "closed",
            isOpen(item) ? "good" : "dim"),
    },
    { id: "opened", title: "opened", write: (cell, item) => fill(cell, timeOfDay(item.opened_ms), "dim") },
    {
        id: "symbol", title: "symbol",
        write: (cell, item) => { fill(cell, words(legsOf(item)[0]?.symbol), "strong"); tip(cell, words(legsOf(item)[0]?.symbol)); },
    },
    { id: "route", title: "buy → sell", write: (cell, item) => { fill(cell, routeOf(item)); tip(cell, routeOf(item)); } },
    { id: "qty", title: "quantity", write: (cell, item) => fill(cell, words(legsOf(item)[0]?.qty)) },
    { id: "net", title: "net", write: (cell, item) => fill(cell, `${signed(item.net)} ${words(item.currency)}`, toneOf(item)) },
    { id: "bp", title: "bp", write: (cell, item) => fill(cell, bp(item.net_ppm), toneOf(item)) },
    { id: "peak", title: "peak bp", write: (cell, item) => fill(cell, bp(item.peak_net_ppm), "dim") },
    { id: "life", title: "life", write: (cell, item) => fill(cell, life(lifeOf(item))) },
    { id: "size", title: "size", write: (cell, item) => picture(cell, 4, listOf(item.curve).slice(0, 4)) },
    {
        id: "left", title: "left",
        write: (cell, item) => picture(cell, 6, listOf(item.survival).slice(0, 6).map((point) => point.net)),
    },
    { id: "proof", title: "proof", write: (cell, item) => { fill(cell, proofOf(item), proofTone(item.verified)); tip(cell, proofOf(item)); } },
];

const toneOf = (item) => (item.net_ppm > 0 ? "pays" : item.net_ppm < 0 ? "costs" : "");
const proofTone = (verified) => (verified === "verified" ? "" : verified === "suspect" ? "bad" : "warn");

function picture(cell, n, values) {
    if (!cell.bars) {
        cell.bars = makeBars(n, n * 9, 16);
        cell.append(cell.bars);
    }
    const text = JSON.stringify(values);
    if (cell.drawn !== text) {
        cell.drawn = text;
        drawBars(cell.bars, values);
        set(cell, { "aria-label": values.map((value) => (value === null ? "not known" : signed(value))).join(", ") });
    }
}

const opportunityGrid = new Grid("opportunities-grid", opportunityColumns, {
    keyOf: (item) => view.keys.get(item),
    rowClass: (item) => (isOpen(item) ? "open" : "closed") + (item === items.opportunity.get(view.chosen) ? " chosen" : ""),
    open: (item) => chooseOpportunity(item),
    empty: () => (view.pair ? `Nothing of ${pairText(view.pair)} is open or closed lately.`
        : byId("opportunities-open").checked ? "Nothing is open." : "Nothing has been found yet."),
});

const pairText = (pair) => `${pair.symbol} ${pair.buy} → ${pair.sell}`;

function isOfPair(item, pair) {
    const has = (side, venue) => legsOf(item).some((leg) => leg.side === side && words(leg.venue) === venue &&
        words(leg.symbol) === pair.symbol);
    return has("buy", pair.buy) && has("sell", pair.sell);
}

// Open ones first, the newest on top; then those that closed, the last one on top.
function inOrder([, a], [, b]) {
    return isOpen(b) - isOpen(a) || (isOpen(a) ? b.opened_ms - a.opened_ms : b.closed_ms - a.closed_ms);
}

function drawOpportunities() {
    if (changed.has("opportunity")) {
        const all = [...items.opportunity].sort(inOrder);
        const nOpen = all.filter(([, item]) => isOpen(item)).length;
        const onlyOpen = byId("opportunities-open").checked;
        view.opportunities = all.filter(([, item]) => (!onlyOpen || isOpen(item)) && (!view.pair || isOfPair(item, view.pair)));
        say(byId("opportunities-count"), `${nOpen} open, ${all.length - nOpen} closed lately`);
        view.keys = new Map(view.opportunities.map(([key, item]) => [item, key]));
    }
    hide(byId("opportunities-pair"), view.pair === null);
    say(byId("opportunities-pair"), view.pair ? `${pairText(view.pair)} ✕` : "");
    opportunityGrid.show(view.opportunities.map(([, item]) => item));
    drawDetail();
}

function chooseOpportunity(item) {
    view.chosen = view.keys.get(item) || null;
    schedule();
}

// The one that was chosen: its legs, its curve, what was left of it.
function drawDetail() {
    const item = items.opportunity.get(view.chosen);
    hide(byId("detail-none"), Boolean(item));
    ["detail-legs", "detail-curve", "detail-left"].forEach((id) => hide(byId(id), !item));
    if (!item) {
        return;
    }
    drawLegs(byId("detail-legs"), item);
    const curve = listOf(item.curve).slice(0, 4);
    drawFigure(byId("detail-curve"), curve.map((net, i) => [`${(i + 1) * 25} %`, net]), "");
    const points = listOf(item.survival).slice(0, 8);
    drawFigure(byId("detail-left"), points.map((point) => [`${words(point.delay_ms)} ms`, point.net]), "not looked at yet");
}

function drawLegs(box, item) {
    const shown = JSON.stringify([view.chosen, item.legs, item.proven_net, item.net, item.gross, item.cost, item.event]);
    if (box.drawn === shown) {
        return;
    }
    box.drawn = shown;
    while (box.children.length > legsOf(item).length + 1) {
        box.lastChild.remove();
    }
    while (box.children.length < legsOf(item).length + 1) {
        box.append(box.children.length === 0 ? make("p", "dim") : makeLeg());
    }
    const proven = item.proven_net === undefined ? "" : `, ${signed(item.proven_net)} within proven levels`;
    say(box.children[0], `${words(item.strategy)}: cost ${words(item.cost)} ${words(item.currency)}, gross ${signed(item.gross)}, net ${signed(item.net)}${proven}`);
    legsOf(item).forEach((leg, i) => {
        const button = box.children[i + 1];
        button.leg = leg;
        say(button, `${words(leg.side)} ${words(leg.qty)} ${words(leg.symbol)} on ${words(leg.venue)}, limit ${words(leg.limit_px)}`);
    });
}

function makeLeg() {
    const button = make("button", "leg");
    button.type = "button";
    button.title = "Shows the ladder of this book";
    button.addEventListener("click", () => openLadder(button.leg.venue, button.leg.symbol, button));
    return button;
}

function drawFigure(figure, points, empty) {
    const shown = JSON.stringify(points);
    if (figure.drawn === shown) {
        return;
    }
    figure.drawn = shown;
    const caption = figure.firstElementChild;
    const list = make("div", "columns-of-bars");
    const most = Math.max(1e-12, ...points.map(([, net]) => Math.abs(Number(net ?? 0))));
    points.forEach(([label, net]) => list.append(makeColumn(label, net, most)));
    figure.replaceChildren(caption, points.length ? list : make("p", "dim", empty));
}

function makeColumn(label, net, most) {
    const column = make("div");
    const bar = make("i", Number(net ?? 0) < 0 ? "costs" : "pays");
    bar.style.height = `${net === null ? 0 : (Math.abs(Number(net)) / most) * 100}%`;
    const room = make("span", "room");
    room.append(bar);
    column.append(make("b", "", net === null ? "?" : short(net)), room, make("small", "dim", label));
    column.title = net === null ? "not known" : signed(net);
    return column;
}

// Of a decimal text about four digits: cut, never rounded up.
function short(text) {
    const [whole, part] = signed(text).split(".");
    const digits = Math.max(0, 4 - whole.length);
    return part && digits > 0 ? `${whole}.${part.slice(0, digits)}` : whole;
}

// ---- survival

const chart = { width: 0, height: 0, key: null, isStale: true };

function survivalList() {
    return [...items.survival].sort(([a], [b]) => compare(a, b));
}

function chooseSurvival(buy, sell) {
    const found = survivalList().find(([, item]) => words(item.buy) === buy && words(item.sell) === sell);
    chart.key = found ? found[0] : chart.key;
}

function drawSurvival() {
    if (!changed.has("survival") && !chart.isStale) {
        return;
    }
    chart.isStale = false;
    const all = survivalList();
    if (!items.survival.has(chart.key)) {
        chart.key = all.reduce((most, one) => (most === null || one[1].n > most[1].n ? one : most), null)?.[0] ?? null;
    }
    fillSelect(byId("survival-pair"), all.map(([key, item]) =>
        [key, `${words(item.buy)} → ${words(item.sell)} · ${words(item.strategy)}`]), chart.key);
    const item = items.survival.get(chart.key);
    say(byId("survival-n"), item ? `${grouped(item.n)} opportunities` : "");
    drawChart(all, item);
    const points = pointsOf(item);
    say(byId("survival-line"), points.length === 0 ? "Nothing has been measured yet."
        : "Left of the net: " + points.map((point) => `${percent(point.left_ppm)} after ${grouped(point.delay_ms)} ms`).join(", ") + ".");
}

const pointsOf = (item) => listOf(item?.points).filter((point) => isNumber(point.delay_ms) && isNumber(point.left_ppm))
    .sort((a, b) => a.delay_ms - b.delay_ms);

// Where a point is in the picture: delays by their logarithm, shares from the least that is shown.
function makeScale(all) {
    const points = all.flatMap(([, item]) => pointsOf(item));
    const delays = [...new Set(points.map((point) => Math.max(1, point.delay_ms)))].sort((a, b) => a - b);
    const [first, last] = [Math.log(delays[0] ?? 10), Math.log(Math.max(delays.at(-1) ?? 1000, (delays[0] ?? 10) + 1))];
    const lowest = Math.max(-1, Math.min(0, Math.floor(Math.min(...points.map((point) => point.left_ppm / 1e6), 0) * 4) / 4));
    const box = { left: 44, right: chart.width - 14, top: 10, bottom: chart.height - 38 };
    return {
        box, delays, lowest,
        x: (ms) => box.left + ((Math.log(Math.max(1, ms)) - first) / (last - first)) * (box.right - box.left),
        y: (share) => box.bottom - ((Math.min(1.05, Math.max(lowest, share)) - lowest) / (1.05 - lowest)) * (box.bottom - box.top),
    };
}

function drawChart(all, item) {
    const { width, height } = chart;
    if (width < 80 || height < 80) {
        return;
    }
    const picture = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
    set(picture, { "aria-label": "What was left of the net by the time after it opened; the sentence below says it in numbers" });
    const scale = makeScale(all);
    drawAxes(picture, scale);
    all.filter(([key]) => key !== chart.key).forEach(([, other]) => drawLine(picture, scale, other, "other"));
    if (item) {
        drawLine(picture, scale, item, "this");
        pointsOf(item).forEach((point) => draw("circle",
            { cx: scale.x(point.delay_ms), cy: scale.y(point.left_ppm / 1e6), r: 3.5, class: "this" }, picture));
    }
    byId("survival-chart").replaceChildren(picture);
}

function drawAxes(picture, { box, delays, lowest, x, y }) {
    for (let share = lowest; share <= 1.001; share += 0.25) {
        draw("line", { x1: box.left, x2: box.right, y1: y(share), y2: y(share), class: share === 0 ? "zero" : "mesh" }, picture);
        label(picture, box.left - 6, y(share) + 4, `${Math.round(share * 100)} %`.replace("-", "−"), "end");
    }
    let free = -Infinity;
    delays.forEach((ms) => {
        draw("line", { x1: x(ms), x2: x(ms), y1: box.bottom, y2: box.bottom + 4, class: "zero" }, picture);
        if (x(ms) > free) {
            label(picture, x(ms), box.bottom + 17, String(ms), "middle");
            free = x(ms) + 30;
        }
    });
    label(picture, (box.left + box.right) / 2, box.bottom + 33, "time after it opened (ms, logarithmic)", "middle");
    label(picture, box.right, box.top + 2, "share of the net at open (%)", "end");
}

function label(picture, x, y, shown, anchor) {
    draw("text", { x, y, "text-anchor": anchor }, picture).textContent = shown;
}

function drawLine(picture, scale, item, kind) {
    const points = pointsOf(item).map((point) => `${scale.x(point.delay_ms)},${scale.y(point.left_ppm / 1e6)}`);
    draw("polyline", { points: points.join(" "), class: kind }, picture);
}

function listenSurvival() {
    byId("survival-pair").addEventListener("change", (event) => {
        chart.key = event.target.value;
        chart.isStale = true;
        schedule();
    });
    new ResizeObserver(([entry]) => {
        const { width, height } = entry.contentRect;
        Object.assign(chart, { width: Math.floor(width), height: Math.floor(height), isStale: true });
        schedule();
    }).observe(byId("survival-chart"));
}

// ---- books

const BOOK_STATES = { LIVE: "● LIVE", SYNCING: "○ SYNCING", STALE: "◐ STALE", UNUSABLE: "✕ UNUSABLE", EMPTY: "○ EMPTY" };
const STATE_ORDER = ["UNUSABLE", "STALE", "SYNCING", "EMPTY", "LIVE"];
const PROOF_ORDER = ["suspect", "unverifiable", "verified"];
const isLive = (book) => book.state === "LIVE";

const bookColumns = [
    {
        id: "symbol", title: "symbol", sortBy: (book) => words(book.symbol),
        write: (cell, book) => { fill(cell, words(book.symbol), "strong"); tip(cell, words(book.symbol)); },
    },
    { id: "venue", title: "venue", sortBy: (book) => words(book.venue), write: (cell, book) => fill(cell, words(book.venue)) },
    { id: "state", title: "state", sortBy: (book) => STATE_ORDER.indexOf(book.state), write: drawBookState },
    { id: "bidqty", title: "quantity", write: (cell, book) => fill(cell, words(listOf(book.bid)[1]), "dim") },
    { id: "bid", title: "bid", write: (cell, book) => fill(cell, words(listOf(book.bid)[0]) || "–") },
    { id: "ask", title: "ask", write: (cell, book) => fill(cell, words(listOf(book.ask)[0]) || "–") },
    { id: "askqty", title: "quantity", write: (cell, book) => fill(cell, words(listOf(book.ask)[1]), "dim") },
    {
        id: "spread", title: "spread bp", sortBy: spreadOf,
        write: (cell, book) => fill(cell, spreadOf(book) === null ? "–" : bp(spreadOf(book)).replace("+", "")),
    },
    {
        id: "depth", title: "depth", sortBy: (book) => Math.min(book.n_bids, book.n_asks),
        write: (cell, book) => fill(cell, `${grouped(book.n_bids)}/${grouped(book.n_asks)}`, "dim"),
    },
    {
        id: "age", title: "age", sortBy: (book) => (isNumber(book.changed_ms) ? -book.changed_ms : null),
        write: (cell, book) => fill(cell, span(since(book.changed_ms)), `age a${ageStep(since(book.changed_ms))}`),
    },
    { id: "proof", title: "proof", sortBy: (book) => PROOF_ORDER.indexOf(book.verified), write: drawProof },
];

function drawBookState(cell, book) {
    const halted = book.trading && book.trading !== "open" ? ` · ${words(book.trading)}` : "";
    const reason = isLive(book) || !book.reason ? "" : `: ${words(book.reason)}`;
    const text = (BOOK_STATES[book.state] || words(book.state)) + halted + reason;
    fill(cell, text, isLive(book) ? (halted ? "warn" : "good") : book.state === "SYNCING" ? "warn" : "bad");
    tip(cell, text);
}

function drawProof(cell, book) {
    const levels = book.verified === "verified" && book.verified_levels > 0 ? ` ${grouped(book.verified_levels)}` : "";
    fill(cell, words(book.verified) + levels, proofTone(book.verified));
}

// The order of the rows is made anew at most once a second, and not under the pointer.
const bookOrder = { keys: [], here: -Infinity, isDue: true, filter: "", n: 0 };

const bookKey = (book) => `${book.venue}:${book.symbol}`;
const bookGrid = new Grid("books-grid", bookColumns, {
    keyOf: bookKey,
    rowClass: (book) => (isLive(book) ? "" : "dead") + (isWished(book) ? " chosen" : ""),
    open: (book) => openLadder(book.venue, book.symbol, byId("books-grid")),
    empty: () => (items.book.size === 0 ? "No book has been heard of." : "No book has all of these words."),
    onSort: () => { bookOrder.isDue = true; schedule(); },
});

function matches(book, terms) {
    const text = `${book.symbol} ${book.venue} ${book.state} ${book.verified} ${book.trading}`.toLowerCase();
    return terms.every((term) => (term.startsWith("!") ? term === "!" || !hasWord(text, term.slice(1)) : text.includes(term)));
}

// "!live" is about the word; "ve" alone finds what has it anywhere.
const hasWord = (text, word) => text.split(" ").includes(word) || (word.length > 4 && text.includes(word));

function orderBooks() {
    const here = performance.now();
    const isHeld = bookGrid.isHeld && bookOrder.n === items.book.size;
    if (!bookOrder.isDue && bookOrder.n > 0 && (isHeld || here - bookOrder.here < RESORT_MS)) {
        return;
    }
    const terms = bookOrder.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...items.book].filter(([, book]) => matches(book, terms));
    const keyOf = new Map(found.map(([key, book]) => [book, key]));
    const tie = found.map(([, book]) => book).sort((a, b) => compare(a.symbol, b.symbol) || compare(a.venue, b.venue));
    bookOrder.keys = bookGrid.sorted(tie).map((book) => keyOf.get(book));
    Object.assign(bookOrder, { here, isDue: false, n: items.book.size });
    say(byId("books-count"), terms.length ? `${found.length} of ${items.book.size}` : `${items.book.size}`);
}

function drawBooks() {
    orderBooks();
    bookGrid.show(bookOrder.keys.map((key) => items.book.get(key)).filter(Boolean));
}

function filterBooks(text) {
    byId("books-filter").value = text;
    bookOrder.filter = text;
    bookOrder.isDue = true;
    byId("books-grid").scrollTop = 0;
    schedule();
}

function showBooksOf(venue) {
    filterBooks(bookOrder.filter === venue.toLowerCase() ? "" : venue.toLowerCase());
}

// ---- ladder

const ladder = { opener: null, rows: [] };
const isWished = (book) => wish.book !== null && book.venue === wish.book.venue && book.symbol === wish.book.symbol;

function openLadder(venue, symbol, opener) {
    wish.book = { venue, symbol };
    ladder.opener = opener;
    askLadder();
    drawLadder();
    const place = byId("ladder").getBoundingClientRect();
    if (place.top < 0 || place.top > window.innerHeight / 2) {
        byId("ladder").scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
    }
    byId("ladder").focus({ preventScroll: true });
    schedule();
}

function closeLadder() {
    wish.book = null;
    askLadder();
    ladder.opener?.focus();
    ladder.opener = null;
    schedule();
}

function buildLadder() {
    ladder.rows = Array.from({ length: LADDER_LEVELS }, () => {
        const line = make("tr");
        line.parts = ["sum", "qty bid", "px bid", "px ask", "qty ask", "sum"].map((name) => make("td", name));
        line.bars = [line.parts[1], line.parts[4]].map((cell) => {
            const bar = make("i");
            const label = make("span");
            cell.append(bar, label);
            cell.label = label;
            return bar;
        });
        line.append(...line.parts);
        return line;
    });
    byId("ladder-levels").replaceChildren(...ladder.rows);
    byId("ladder-close").addEventListener("click", closeLadder);
}

function drawLadder() {
    const { book: wanted } = wish;
    hide(byId("ladder-close"), wanted === null);
    const shown = wanted && items.ladder.get(`ladder:${wanted.venue}:${wanted.symbol}`);
    const book = wanted && bookOf(wanted.venue, wanted.symbol);
    say(byId("ladder-name"), wanted ? `${words(wanted.symbol)} · ${words(wanted.venue)}` : "");
    const state = shown ? shown.state : book?.state;
    say(byId("ladder-state"), ladderText(wanted, shown, book));
    mark(byId("ladder-state"), `line ${wanted && state !== "LIVE" ? "bad" : "dim"}`);
    mark(byId("ladder-table"), !shown ? "empty" : state === "LIVE" ? "" : "dead");
    drawSides(shown || {});
}

function ladderText(wanted, shown, book) {
    if (!wanted) {
        return "Choose a book: click it, or Enter.";
    }
    if (!shown) {
        return book ? "Asked for." : "This book is not known here.";
    }
    const state = BOOK_STATES[shown.state] || words(shown.state);
    const age = book ? `, changed ${span(since(book.changed_ms))} ago` : "";
    const reason = book && !isLive(book) && book.reason ? `: ${words(book.reason)}` : "";
    const n = shown.verified_levels;
    const place = book ? `; sequence ${grouped(book.seq)}, ${grouped(book.updates)} updates` : "";
    return `${state}${reason}${age}, ${n > 0 ? `the best ${grouped(n)} levels proven` : "nothing proves its levels"}${place}`;
}

function drawSides(shown) {
    const bids = withSums(shown.bids);
    const asks = withSums(shown.asks);
    const most = Math.max(1e-12, ...[...bids, ...asks].map((level) => Number(level.qty)));
    const proven = isNumber(shown.verified_levels) ? shown.verified_levels : LADDER_LEVELS;
    ladder.rows.forEach((line, i) => {
        mark(line, shown.bids && i >= proven ? (i === proven ? "unproven first" : "unproven") : "");
        drawSide(line, [2, 1, 0], line.bars[0], bids[i], most);
        drawSide(line, [3, 4, 5], line.bars[1], asks[i], most);
    });
}

function drawSide(line, [px, qty, sum], bar, level, most) {
    say(line.parts[px], level ? level.px : "");
    say(line.parts[qty].label, level ? level.qty : "");
    say(line.parts[sum], level ? level.sum : "");
    const width = level ? `${Math.round((Number(level.qty) / most) * 1000) / 10}%` : "0%";
    if (bar.style.width !== width) {
        bar.style.width = width;
    }
}

function withSums(levels) {
    let sum = { units: 0n, digits: 0 };
    return listOf(levels).slice(0, LADDER_LEVELS).map(([px, qty]) => {
        const value = decimal(qty);
        sum = value && sum ? add(sum, value) : null;
        return { px: words(px), qty: words(qty), sum: sum ? decimalText(sum) : "?" };
    });
}

// ---- drawing

const sections = [
    [["host"], drawHost], [["trouble", "host"], drawTroubles], [["venue"], drawVenues], [["matrix"], drawMatrix],
    [["opportunity"], drawOpportunities], [["survival"], drawSurvival], [["book"], drawBooks], [["ladder", "book"], drawLadder],
];
const drawing = { isDue: false, here: -Infinity };

function schedule() {
    if (!drawing.isDue) {
        drawing.isDue = true;
        requestAnimationFrame(drawAll);
    }
}

// Each section writes what is different; one that fails says so and leaves the others alone.
function drawAll() {
    Object.assign(drawing, { isDue: false, here: performance.now() });
    for (const [kinds, drawSection] of sections) {
        try {
            drawSection();
        } catch (error) {
            complain("section", `what came could not be drawn (${kinds[0]}): ${words(error.message)}`);
        }
    }
    changed.clear();
}

// Ages grow between frames, too.
function growAges() {
    if (performance.now() - drawing.here >= (calm.matches ? CALM_AGES_MS : AGES_DRAWN_MS)) {
        schedule();
    }
}

// ---- keys, theme, start

const THEMES = ["system", "dark", "light"];

function remembered() {
    try {
        return localStorage.getItem("theme");
    } catch {
        return null; // storage is switched off
    }
}

function setTheme(theme) {
    const chosen = THEMES.includes(theme) ? theme : "system";
    document.documentElement.dataset.theme = chosen;
    say(byId("theme-name"), chosen);
    try {
        localStorage.setItem("theme", chosen);
    } catch {
        // it holds until the page is closed
    }
}

function nextTheme() {
    const at = THEMES.indexOf(document.documentElement.dataset.theme);
    setTheme(THEMES[(at + 1) % THEMES.length]);
}

function goTo(digit) {
    const table = byId("matrix-table");
    const cell = table.lines?.[view.cell[0]]?.fields[view.cell[1]];
    const places = [byId("trouble-list"), byId("venues-grid"), cell || byId("matrix-symbol"), byId("opportunities-grid"),
        byId("survival-pair"), byId("books-grid"), byId("ladder")];
    places[digit - 1].focus({ preventScroll: true });
    places[digit - 1].closest(".panel").scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "nearest" });
}

function escape() {
    if (wish.book !== null) {
        closeLadder();
    } else if (view.pair !== null) {
        clearPair();
    } else if (bookOrder.filter !== "") {
        filterBooks("");
    }
}

function clearPair() {
    view.pair = null;
    changed.add("opportunity");
    schedule();
}

function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || byId("help").open) {
        return;
    }
    if (event.key === "Escape") {
        escape();
        return;
    }
    if (event.target.matches("select, input:not([type=checkbox])")) {
        return;
    }
    const acts = { "?": () => byId("help").showModal(), "/": () => byId("books-filter").focus(), t: nextTheme };
    const act = acts[event.key] || (/^[1-7]$/.test(event.key) ? () => goTo(Number(event.key)) : null);
    if (act) {
        event.preventDefault();
        act();
    }
}

function listenFilter() {
    const input = byId("books-filter");
    input.addEventListener("input", () => filterBooks(input.value));
    input.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === "ArrowDown") {
            event.preventDefault();
            byId("books-grid").focus();
            bookGrid.moveBy(1);
        } else if (event.key === "Escape") {
            event.preventDefault();
            event.stopPropagation();
            filterBooks("");
            byId("books-grid").focus();
        }
    });
}

function listen() {
    listenMatrix();
    listenSurvival();
    listenFilter();
    document.addEventListener("keydown", onKey);
    document.addEventListener("visibilitychange", () => { watchLink(); schedule(); });
    window.addEventListener("online", () => link.socket === null && connect());
    byId("stale-retry").addEventListener("click", () => { lose(); connect(); });
    byId("theme").addEventListener("click", nextTheme);
    byId("help-open").addEventListener("click", () => byId("help").showModal());
    byId("opportunities-pair").addEventListener("click", clearPair);
    byId("opportunities-open").addEventListener("change", () => { changed.add("opportunity"); schedule(); });
}

function start() {
    setTheme(remembered());
    buildLadder();
    bookGrid.sortBy(bookColumns[0]);
    listen();
    connect();
    schedule();
    setInterval(watchLink, 250);
    setInterval(growAges, 125);
}

start();
