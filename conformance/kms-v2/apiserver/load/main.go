// Command load makes the same unary call of a gRPC service at a unix socket again and again, and prints what it saw as JSON.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

func main() {
	socket := flag.String("socket", "", "path of the service's socket")
	method := flag.String("method", "", "path of the method, for example /v2.KeyManagementService/Decrypt")
	request := flag.String("request", "", "the request as protobuf, in base64")
	header := flag.String("metadata", "{}", "metadata of the calls, as JSON; that of keys with -bin in base64")
	seconds := flag.Float64("seconds", 5, "how long")
	rate := flag.Float64("rate", 0, "calls a second, whether or not earlier ones have ended; as many as can be when 0")
	inFlight := flag.Int("in-flight", 32, "calls under way when there is no rate")
	flag.Parse()
	bytes, err := base64.StdEncoding.DecodeString(*request)
	if err == nil {
		err = run(*socket, call{*method, bytes, *header}, time.Duration(*seconds*float64(time.Second)), *rate, *inFlight)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type call struct {
	method   string
	request  []byte
	metadata string
}

// asIs hands messages on as the bytes that they are.
type asIs struct{}

func (asIs) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (asIs) Unmarshal(bytes []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), bytes...)
	return nil
}
func (asIs) Name() string { return "proto" }

type measured struct {
	mutex     sync.Mutex
	latencies []time.Duration
	failed    int
	firstFail string
}

func outgoing(header string) (context.Context, error) {
	var pairs map[string]string
	if err := json.Unmarshal([]byte(header), &pairs); err != nil {
		return nil, err
	}
	outgoing := metadata.MD{}
	for key, value := range pairs {
		if strings.HasSuffix(key, "-bin") {
			bytes, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return nil, err
			}
			value = string(bytes)
		}
		outgoing.Set(key, value)
	}
	return metadata.NewOutgoingContext(context.Background(), outgoing), nil
}

func run(socket string, call call, duration time.Duration, rate float64, inFlight int) error {
	connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	background, err := outgoing(call.metadata)
	if err != nil {
		return err
	}
	var result measured
	var calls sync.WaitGroup
	began := time.Now()
	one := func() {
		context, cancel := context.WithTimeout(background, 10*time.Second)
		defer cancel()
		at := time.Now()
		var answer []byte
		err := connection.Invoke(context, call.method, &call.request, &answer, grpc.ForceCodec(asIs{}))
		took := time.Since(at)
		result.mutex.Lock()
		defer result.mutex.Unlock()
		if err != nil {
			result.failed++
			result.firstFail = err.Error()
		}
		result.latencies = append(result.latencies, took)
	}
	if rate > 0 {
		for sent := 0; time.Since(began) < duration; {
			for due := int(time.Since(began).Seconds() * rate); sent < due; sent++ {
				calls.Add(1)
				go func() { defer calls.Done(); one() }()
			}
			time.Sleep(200 * time.Microsecond)
		}
	} else {
		for lane := 0; lane < inFlight; lane++ {
			calls.Add(1)
			go func() {
				defer calls.Done()
				for time.Since(began) < duration {
					one()
				}
			}()
		}
	}
	calls.Wait()
	elapsed := time.Since(began).Seconds()
	sort.Slice(result.latencies, func(a, b int) bool { return result.latencies[a] < result.latencies[b] })
	quantile := func(share float64) float64 {
		return float64(result.latencies[int(float64(len(result.latencies)-1)*share)].Microseconds()) / 1000
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"calls":     len(result.latencies),
		"perSecond": float64(len(result.latencies)) / elapsed,
		"failed":    result.failed,
		"failure":   result.firstFail,
		"p50Ms":     quantile(0.5),
		"p99Ms":     quantile(0.99),
		"p999Ms":    quantile(0.999),
	})
}
