package media

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	mostRedirects   = 3
	longestAddress  = 8 << 10
	defaultPatience = 20 * time.Second
	connectWithin   = 10 * time.Second
	keepIdleFor     = 30 * time.Second
	mostHeaderBytes = 64 << 10
	mostIdleOfAHost = 4
	mostIdle        = 32
)

// FetcherConfig is how a Fetcher works. The zero value is fit for the public internet.
type FetcherConfig struct {
	// Hosts, or hosts with a port, that may be private and may speak http: a simulator of ours, a test.
	AllowHosts []string
	// How long a server may take to begin its answer; 0: 20 s. How long a whole file may take is up to the context.
	Patience time.Duration
}

// Fetcher gets files from addresses that strangers chose. It goes to the public internet only, by https, without
// credentials, cookies or a proxy.
type Fetcher struct {
	client  *http.Client
	allowed []string
}

// NewFetcher makes a Fetcher.
func NewFetcher(c FetcherConfig) *Fetcher {
	f := &Fetcher{}
	for _, host := range c.AllowHosts {
		f.allowed = append(f.allowed, strings.ToLower(host))
	}
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	anywhere := &net.Dialer{Timeout: connectWithin}
	public := &net.Dialer{Timeout: connectWithin, Control: stayPublic}
	f.client = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // no proxy: it would go where we do not
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if f.allows(address) {
					return anywhere.DialContext(ctx, network, address)
				}
				return public.DialContext(ctx, network, address)
			},
			TLSHandshakeTimeout:    connectWithin,
			ResponseHeaderTimeout:  c.Patience,
			IdleConnTimeout:        keepIdleFor,
			MaxResponseHeaderBytes: mostHeaderBytes,
			MaxIdleConns:           mostIdle,
			MaxIdleConnsPerHost:    mostIdleOfAHost,
			DisableCompression:     true, // the bytes are kept as they are
			ForceAttemptHTTP2:      true,
		},
	}
	return f
}

// allows reports whether a host with its port was allowed by name.
func (f *Fetcher) allows(hostPort string) bool {
	hostPort = strings.ToLower(hostPort)
	host, _, err := net.SplitHostPort(hostPort)
	return err == nil && (slices.Contains(f.allowed, hostPort) || slices.Contains(f.allowed, host))
}

// Fetch asks for a file, following at most three redirects, and returns an answer that is one. Anything else is a *Fault.
// The caller closes the body.
func (f *Fetcher) Fetch(ctx context.Context, address string) (*http.Response, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, refused(errors.New("this is not an address"))
	}
	return f.fetch(ctx, at, mostRedirects)
}

// Follow returns the file an answer of a platform is or leads to. Credentials that were sent to the platform are not sent on.
func (f *Fetcher) Follow(ctx context.Context, res *http.Response) (*http.Response, error) {
	return f.follow(ctx, res, mostRedirects)
}

func (f *Fetcher) fetch(ctx context.Context, at *url.URL, redirects int) (*http.Response, error) {
	if err := f.check(at); err != nil {
		return nil, refused(err)
	}
	// A request of its own for each address: none tells where it came from.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, refused(err)
	}
	req.Header.Set("User-Agent", "Parley")
	res, err := f.client.Do(req)
	switch {
	case errors.Is(err, errPrivate):
		return nil, refused(err)
	case err != nil:
		return nil, Unreachable(err)
	}
	return f.follow(ctx, res, redirects)
}

// check refuses addresses that are none of the public internet, as far as that can be seen.
func (f *Fetcher) check(at *url.URL) error {
	port := at.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[at.Scheme]
	}
	switch allowed := f.allows(net.JoinHostPort(at.Hostname(), port)); {
	case at.Scheme != "https" && !(at.Scheme == "http" && allowed):
		return errors.New("files are fetched by https")
	case at.Hostname() == "" || at.User != nil || len(at.String()) > longestAddress:
		return errors.New("this is not the address of a file")
	default:
		return nil
	}
}

func (f *Fetcher) follow(ctx context.Context, res *http.Response, redirects int) (*http.Response, error) {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		_ = res.Body.Close() // nobody reads the words of a redirect
		if redirects == 0 {
			return nil, refused(fmt.Errorf("more than %d redirects", mostRedirects))
		}
		next, err := res.Location()
		if err != nil {
			return nil, refused(errors.New("a redirect to nowhere"))
		}
		return f.fetch(ctx, next, redirects-1)
	}
	if fault := faultOf(res); fault != nil {
		_ = res.Body.Close()
		return nil, fault
	}
	return res, nil
}

// Close gives up connections that are kept for later.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }
