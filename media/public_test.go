package media

import (
	"errors"
	"testing"
)

func TestStayPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{
		"93.184.216.34:443":          nil,
		"[2606:2800:220:1::1]:443":   nil,
		"[::ffff:93.184.216.34]:443": nil,
		"[64:ff9b::5db8:d822]:443":   nil, // 93.184.216.34

		"127.0.0.1:443":               errPrivate,
		"127.8.8.8:443":               errPrivate,
		"0.0.0.0:443":                 errPrivate,
		"10.1.2.3:443":                errPrivate,
		"172.16.0.1:443":              errPrivate,
		"172.31.255.255:443":          errPrivate,
		"192.168.1.1:443":             errPrivate,
		"100.64.0.1:443":              errPrivate, // shared by a provider's customers
		"169.254.169.254:80":          errPrivate, // a cloud's secrets
		"198.18.0.1:443":              errPrivate,
		"224.0.0.1:443":               errPrivate,
		"255.255.255.255:443":         errPrivate,
		"[::1]:443":                   errPrivate,
		"[::]:443":                    errPrivate,
		"[::127.0.0.1]:443":           errPrivate,
		"[::ffff:127.0.0.1]:443":      errPrivate,
		"[::ffff:169.254.169.254]:80": errPrivate,
		"[64:ff9b::7f00:1]:443":       errPrivate, // 127.0.0.1
		"[2002:7f00:1::]:443":         errPrivate, // 127.0.0.1
		"[2001:0:7f00:1::]:443":       errPrivate,
		"[fc00::1]:443":               errPrivate,
		"[fd00:ec2::254]:80":          errPrivate,
		"[fe80::1%eth0]:443":          errPrivate,
		"[2606:2800::1%eth0]:443":     errPrivate,
		"[ff02::1]:443":               errPrivate,
		"[2001:db8::1]:443":           errPrivate,
	} {
		if err := stayPublic("tcp", address, nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", address, err, want)
		}
	}
	for _, address := range []string{"", "localhost:443", "93.184.216.34", "/run/socket"} {
		if err := stayPublic("tcp", address, nil); err == nil {
			t.Errorf("%s: would go there", address)
		}
	}
}
