package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// process is a server in a process of its own, as an operator runs it.
type process struct {
	served
	command *exec.Cmd
}

func launch(t *testing.T, dir string) *process {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "PARLEY_TEST_SERVE=1", "PARLEY_DATA_DIR="+dir, "PARLEY_SECRET_KEY="+testKey,
		"PARLEY_LISTEN=127.0.0.1:0", "PARLEY_SIMULATOR_LISTEN=127.0.0.1:0", "PARLEY_DEMO_EVERY=1h")
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{command: command}
	t.Cleanup(p.kill)
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&text, lines.Text())
		if strings.Contains(lines.Text(), "is ready") {
			p.read(text.String())
			return p
		}
	}
	t.Fatalf("the server did not start:\n%s", text.String())
	return nil
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// TestKilled kills the server again and again while a platform delivers, which comes again until it hears 200: as
// Meta does, and as nobody may notice afterwards.
func TestKilled(t *testing.T) {
	t.Parallel()
	const customers, each = 50, 20
	dir := t.TempDir()
	platform := &insistent{
		client: &http.Client{Timeout: 5 * time.Second}, delivered: make(chan struct{}, customers*each),
	}
	server := launch(t, dir)
	platform.moveTo(server.url)

	var senders sync.WaitGroup
	for n := range 8 {
		senders.Go(func() {
			for i := n; i < customers*each; i += 8 {
				platform.deliver(t, i%customers, i)
			}
		})
	}
	for range 3 {
		for range 230 {
			<-platform.delivered
		}
		server.kill()
		server = launch(t, dir)
		platform.moveTo(server.url)
	}
	senders.Wait()

	seen := map[string]int{}
	data := post(t, &server.served, `{ conversations(first: 60) { edges { node { messages(first: 100) { edges { node { text } } } } } } }`, nil)
	for _, conversation := range at(data, "conversations", "edges").([]any) {
		for _, message := range at(conversation, "node", "messages", "edges").([]any) {
			seen[at(message, "node", "text").(string)]++
		}
	}
	for i := range customers * each {
		if n := seen[fmt.Sprintf("message %d", i)]; n != 1 {
			t.Errorf("message %d is there %d times", i, n)
		}
	}
}

// insistent is a platform that delivers until it hears 200.
type insistent struct {
	client    *http.Client
	url       atomic.Value  // where the server is now
	delivered chan struct{} // one for each delivery that heard 200
}

func (p *insistent) moveTo(url string) { p.url.Store(url) }

func (p *insistent) deliver(t *testing.T, customer, i int) {
	body := fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
		"messaging_product":"whatsapp","metadata":{"phone_number_id":"%s"},
		"messages":[{"from":"4915%08d","id":"wamid.KILL%d","timestamp":"%d","type":"text","text":{"body":"message %d"}}]}}]}]}`,
		demoPhoneNumber, customer, i, time.Now().Unix(), i)
	mac := hmac.New(sha256.New, []byte((&demo{key: bytes.Repeat([]byte{7}, 32)}).derive("meta app secret")))
	mac.Write(body)
	for t.Context().Err() == nil {
		address := p.url.Load().(string) + "/webhooks/whatsapp"
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		response, err := p.client.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			p.delivered <- struct{}{}
			return
		}
	}
}
