package media

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// errPrivate says that an address is not one of the public internet.
var errPrivate = errors.New("this is not a public address")

// closed are the networks within the public ranges that are not the public internet (IANA's special-purpose registries).
var closed = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	global6  = netip.MustParsePrefix("2000::/3")     // all of IPv6 that is given out
	mapped64 = netip.MustParsePrefix("64:ff9b::/96") // IPv4 as a network without it says it (RFC 6052)
)

func prefixes(all ...string) (parsed []netip.Prefix) {
	for _, p := range all {
		parsed = append(parsed, netip.MustParsePrefix(p))
	}
	return parsed
}

// isPublic reports whether an address belongs to the public internet.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" || !a.IsValid() {
		return false
	}
	if mapped64.Contains(a) {
		bytes := a.As16()
		a = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	if a.Is6() && !global6.Contains(a) {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// stayPublic is asked for every connection once its name is resolved and before it is made: whatever a name server said
// before, or says next, this is the address we go to.
func stayPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	if !isPublic(to.Addr()) {
		return errPrivate
	}
	return nil
}
