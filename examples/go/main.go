// Command reader rebuilds every order book of the topic market-data and proves it, by the rules of
// docs/messages.md. The rules are in books.go; here are the topic and the clock.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

const (
	topicName     = "market-data"
	beforeEnd     = 300 // where to begin to read
	lookForParts  = 2 * time.Second
	answerWithin  = time.Second
	readAtMost    = 1000
	readAtMostFor = 100 * time.Millisecond
)

// topic is all partitions of the topic, each from a little before its end; and all that are added.
type topic struct {
	client *kgo.Client
	began  map[int32]int64 // the first offset that was read
	ends   map[int32]int64 // where the partition ended when we came
	looked time.Time
}

func openTopic(brokers string) (*topic, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.MaxVersions(kversion.V1_1_0()), // the broker inside `arbspot run` speaks no newer ones
		kgo.FetchMaxWait(10*time.Millisecond), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{}))
	return &topic{client: client, began: map[int32]int64{}, ends: map[int32]int64{}}, err
}

func (t *topic) findPartitions(ctx context.Context) error {
	if time.Since(t.looked) < lookForParts {
		return nil
	}
	defer func() { t.looked = time.Now() }()
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	admin := kadm.NewClient(t.client)
	lows, err := admin.ListStartOffsets(ctx, topicName)
	if err != nil {
		return err
	}
	ends, err := admin.ListEndOffsets(ctx, topicName)
	if err != nil {
		return err
	}
	added := map[int32]kgo.Offset{}
	for partition, end := range ends[topicName] {
		low, hasLow := lows.Lookup(topicName, partition)
		if _, isKnown := t.ends[partition]; isKnown || !hasLow || low.Err != nil || end.Err != nil {
			continue
		}
		t.ends[partition] = end.Offset
		t.began[partition] = max(low.Offset, end.Offset-beforeEnd)
		added[partition] = kgo.NewOffset().At(t.began[partition])
	}
	t.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topicName: added})
	return nil
}

// read hands over what has come.
func (t *topic) read(ctx context.Context, r *reader) {
	if err := t.findPartitions(ctx); err != nil { // what was heard loses its force by itself
		fmt.Fprintln(os.Stderr, "the partitions of", topicName, "are not known:", err)
	}
	ctx, cancel := context.WithTimeout(ctx, readAtMostFor)
	defer cancel()
	rewound := map[int32]bool{}
	t.client.PollRecords(ctx, readAtMost).EachRecord(func(record *kgo.Record) {
		partition := record.Partition
		if rewound[partition] {
			return
		}
		at := arrival{partition: partition, isHistory: record.Offset < t.ends[partition], ns: now()}
		backTo := r.feed(record.Value, at)
		if backTo != nil && *backTo < t.began[partition] {
			t.began[partition], rewound[partition] = *backTo, true
			r.rewind(partition)
			t.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{
				topicName: {partition: {Epoch: -1, Offset: *backTo}}})
		}
	})
}

var started = time.Now()

// now is the monotonic clock: a difference of two times is not of the clock of day.
func now() int64 { return int64(time.Since(started)) }

func main() {
	brokers := flag.String("brokers", "", "HOST:PORT,...")
	duration := flag.Duration("duration", 0, "such as 5s; without it, a table each second")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	t, err := openTopic(*brokers)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	r, isProven, isOver := newReader(), false, false
	due := time.Now().Add(max(*duration, time.Second))
	for !isOver && ctx.Err() == nil {
		t.read(ctx, r)
		if !time.Now().Before(due) {
			isProven = r.report(now())
			due, isOver = due.Add(time.Second), *duration > 0
		}
	}
	t.client.Close()
	if !isProven {
		os.Exit(1)
	}
}
