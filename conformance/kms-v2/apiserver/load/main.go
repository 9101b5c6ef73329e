// Command load asks a KMS v2 provider to decrypt, as an API server does, and prints what it saw as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	kmsapi "k8s.io/kms/apis/v2"
)

func main() {
	socket := flag.String("socket", "", "path of the provider's socket")
	seconds := flag.Float64("seconds", 5, "how long")
	rate := flag.Float64("rate", 0, "calls a second, whether or not earlier ones have ended; as many as can be when 0")
	inFlight := flag.Int("in-flight", 32, "calls under way when there is no rate")
	flag.Parse()
	if err := run(*socket, time.Duration(*seconds*float64(time.Second)), *rate, *inFlight); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type measured struct {
	mutex     sync.Mutex
	latencies []time.Duration
	failed    int
}

func run(socket string, duration time.Duration, rate float64, inFlight int) error {
	connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := kmsapi.NewKeyManagementServiceClient(connection)
	sealed, err := client.Encrypt(context.Background(), &kmsapi.EncryptRequest{Plaintext: make([]byte, 32), Uid: "load"})
	if err != nil {
		return err
	}
	request := &kmsapi.DecryptRequest{
		Ciphertext:  sealed.Ciphertext,
		KeyId:       sealed.KeyId,
		Annotations: sealed.Annotations,
		Uid:         "0192f0c1-7d6e-7a11-8c44-1d8f2f6f0e51",
	}
	var result measured
	var calls sync.WaitGroup
	began := time.Now()
	one := func() {
		context, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		at := time.Now()
		_, err := client.Decrypt(context, request)
		took := time.Since(at)
		result.mutex.Lock()
		defer result.mutex.Unlock()
		if err != nil {
			result.failed++
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
		"perSecond": float64(len(result.latencies)) / elapsed,
		"failed":    result.failed,
		"p50Ms":     quantile(0.5),
		"p99Ms":     quantile(0.99),
		"p999Ms":    quantile(0.999),
	})
}
