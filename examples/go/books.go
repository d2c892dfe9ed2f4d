package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	leaseNs       = int64(3 * time.Second)        // how long an alive message counts
	driftPpm      = 200                           // two clocks are apart by so much more each second, at most
	soonerNs      = int64(250 * time.Millisecond) // what comes so much sooner than it was said has waited
	checkedLevels = 10
)

type message struct {
	V                                         int
	Type, Venue, Symbol, Session, State, Boot string
	Seq, Prev                                 uint64
	Scale                                     [2]int
	Bids, Asks                                [][2]string
	Crc                                       uint32
	MonoNs                                    int64 `json:"mono_ns"`
	From                                      *int64
	Ends                                      bool
}

// arrival is how a message came to us.
type arrival struct {
	partition int32
	isHistory bool  // it was there before we came
	ns        int64 // by our monotonic clock
}

// units is a decimal string as an integer in units of 10^-scale, exactly.
func units(text string, scale int) (int64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > scale {
		if strings.Trim(fraction[scale:], "0") != "" {
			return 0, fmt.Errorf("%s has more than %d digits", text, scale)
		}
		fraction = fraction[:scale]
	}
	return strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
}

type side map[int64]int64 // price: quantity

func (s side) apply(levels [][2]string, scale [2]int) error {
	for _, level := range levels {
		price, err := units(level[0], scale[0])
		if err != nil {
			return err
		}
		quantity, err := units(level[1], scale[1])
		if err != nil {
			return err
		}
		if quantity == 0 {
			delete(s, price) // it may name a level that the copy does not have
		} else {
			s[price] = quantity
		}
	}
	return nil
}

// pack appends the best levels, the worst of them first. sign is -1 where the highest price is the best.
func (s side) pack(packed []byte, sign int64) []byte {
	prices := make([]int64, 0, len(s))
	for price := range s {
		prices = append(prices, price*sign)
	}
	slices.Sort(prices)
	prices = prices[:min(len(prices), checkedLevels)]
	slices.Reverse(prices)
	for _, price := range prices {
		packed = binary.LittleEndian.AppendUint64(packed, uint64(price*sign))
		packed = binary.LittleEndian.AppendUint64(packed, uint64(s[price*sign]))
	}
	return packed
}

// book is the copy of one book within one session.
type book struct {
	session    string
	seq        uint64 // of the last message
	partition  int32  // where that came from
	told       string // the state that its host tells
	isWhole    bool
	bids, asks side
}

func (b *book) crc() uint32 { return crc32.ChecksumIEEE(b.asks.pack(b.bids.pack(nil, -1), 1)) }

type venue struct {
	books                      map[string]*book
	session                    string          // the one that counts
	ended                      map[string]bool // sessions that said their last word
	heardNs                    int64           // when the one that counts was last heard
	messages, gaps, mismatches int
}

// counts says whether a message of that session counts: the greater one is newer, and takes over.
func (v *venue) counts(session string, nowNs int64) bool {
	isOver := v.ended[v.session] || nowNs-v.heardNs > leaseNs
	if !v.ended[session] && (session > v.session || session < v.session && isOver) {
		v.session, v.books = session, map[string]*book{}
	}
	if session == v.session {
		v.heardNs = nowNs
	}
	return session == v.session
}

// place is where a session says that it is alive.
type place struct {
	venue, session string
	partition      int32
}

type alive struct {
	boot      string
	monoNs    int64
	cameNs    int64
	isHistory bool
}

type reader struct {
	venues   map[string]*venue
	said     map[place]alive
	learned  map[string]int64 // by boot: when that was looked at last, by our clock
	fastest  map[string]int64 // by boot: the smallest difference between our clock and mono_ns
	trusted  map[string]bool  // boots whose difference is not that of messages that had waited
	wentBack map[place]bool   // of whichever session
	foreign  int
}

func newReader() *reader {
	return &reader{venues: map[string]*venue{}, said: map[place]alive{}, fastest: map[string]int64{}, learned: map[string]int64{},
		trusted: map[string]bool{}, wentBack: map[place]bool{}}
}

func (r *reader) isAlive(at place, nowNs int64) bool {
	said, has := r.said[at]
	return has && !said.isHistory && r.trusted[said.boot] &&
		nowNs < said.monoNs+r.fastest[said.boot]+leaseNs
}

func (r *reader) isLive(name string, b *book, nowNs int64) bool {
	return b.isWhole && b.told == "LIVE" && r.isAlive(place{name, b.session, b.partition}, nowNs)
}

// feed takes one message. It returns where to go back to in its partition, once for a venue.
func (r *reader) feed(value []byte, at arrival) (backTo *int64) {
	var m message
	err := json.Unmarshal(value, &m)
	switch {
	case err != nil || m.V != 1 || m.Session == "":
		err = errors.New("not a message of version 1")
	case m.Type == "alive" && m.Venue == "": // a strategy's
	case m.Type == "alive":
		backTo = r.feedAlive(&m, at)
	case m.Type == "snapshot" || m.Type == "delta" || m.Type == "status":
		err = r.feedBook(&m, at)
	default:
		err = errors.New("of another type")
	}
	if err != nil {
		r.foreign++
	}
	return backTo
}

func (r *reader) venue(name string) *venue {
	if r.venues[name] == nil {
		r.venues[name] = &venue{books: map[string]*book{}, ended: map[string]bool{}}
	}
	return r.venues[name]
}

func (r *reader) feedAlive(m *message, at arrival) *int64 {
	v := r.venue(m.Venue)
	v.counts(m.Session, at.ns)
	where := place{m.Venue, m.Session, at.partition}
	if m.Ends {
		v.ended[m.Session] = true
		delete(r.said, where)
		return nil
	}
	if m.Boot == "" {
		m.Boot = m.Session
	}
	before, isSecond := r.said[where]
	if !isSecond || m.MonoNs > before.monoNs { // else it is read twice
		said := alive{m.Boot, m.MonoNs, at.ns, at.isHistory}
		r.said[where] = said
		r.learnClock(said)
		if isSecond && !at.isHistory && at.ns-before.cameNs > m.MonoNs-before.monoNs-soonerNs {
			r.trusted[m.Boot] = true
		}
	}
	if asked := (place{m.Venue, "", at.partition}); m.From != nil && !r.wentBack[asked] {
		r.wentBack[asked] = true
		return m.From
	}
	return nil
}

func (r *reader) learnClock(said alive) {
	fastest, isKnown := r.fastest[said.boot]
	fastest += (said.cameNs - r.learned[said.boot]) / 1_000_000 * driftPpm
	if difference := said.cameNs - said.monoNs; !isKnown || difference < fastest {
		fastest = difference
	}
	r.fastest[said.boot], r.learned[said.boot] = fastest, said.cameNs
}

func (r *reader) feedBook(m *message, at arrival) error {
	v := r.venue(m.Venue)
	v.messages++
	if !v.counts(m.Session, at.ns) {
		return nil
	}
	b := v.books[m.Symbol]
	if b == nil {
		b = &book{session: m.Session, partition: -1, bids: side{}, asks: side{}}
		v.books[m.Symbol] = b
	}
	if m.Seq <= b.seq { // read twice, or out of the partition that the book left
		return nil
	}
	isSnapshot, follows := m.Type == "snapshot", m.Prev == b.seq
	hasMoved := isSnapshot && at.partition != b.partition // what is between comes later
	if b.isWhole && !follows && !hasMoved {
		v.gaps++
	}
	isWhole := isSnapshot || b.isWhole && follows
	b.seq, b.partition, b.told = m.Seq, at.partition, m.State
	b.isWhole = isWhole && m.Type == "status"
	if m.Type == "status" || !isWhole {
		return nil
	}
	if isSnapshot {
		b.bids, b.asks = side{}, side{}
	}
	if err := errors.Join(b.bids.apply(m.Bids, m.Scale), b.asks.apply(m.Asks, m.Scale)); err != nil {
		return err
	}
	b.isWhole = b.crc() == m.Crc
	if !b.isWhole {
		v.mismatches++
	}
	return nil
}

// rewind: the partition is read again from further back; until that is done its books are old.
func (r *reader) rewind(partition int32) {
	for where := range r.said {
		if where.partition == partition {
			delete(r.said, where)
		}
	}
	for _, v := range r.venues {
		for _, b := range v.books {
			if b.partition == partition && !b.isWhole {
				b.seq = 0
			}
		}
	}
}

// report prints the table and returns whether all books are proven.
func (r *reader) report(nowNs int64) bool {
	fmt.Printf("%-12s%7s%7s%11s%7s%7s\n", "VENUE", "BOOKS", "LIVE", "MESSAGES", "GAPS", "CRC")
	names := make([]string, 0, len(r.venues))
	for name := range r.venues {
		names = append(names, name)
	}
	slices.Sort(names)
	live, unproven := 0, 0
	for _, name := range names {
		v, liveHere := r.venues[name], 0
		for _, b := range v.books {
			if r.isLive(name, b, nowNs) {
				liveHere++
			} else if b.told == "LIVE" {
				unproven++
			}
		}
		live += liveHere
		unproven += v.gaps + v.mismatches
		fmt.Printf("%-12s%7d%7d%11d%7d%7d\n", name, len(v.books), liveHere, v.messages, v.gaps, v.mismatches)
	}
	isProven, word := live > 0 && unproven == 0 && r.foreign == 0, "NOT proven"
	if isProven {
		word = "proven"
	}
	fmt.Printf("%s: %d books LIVE, %d not ours\n", word, live, r.foreign)
	return isProven
}
