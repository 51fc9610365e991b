package inbox

import (
	"context"
	"errors"
	"sync"

	"parley/models"
)

// errRerouted says that an account's deliveries do not come to the channel any more that they came to.
var errRerouted = errors.New("the account is connected elsewhere now")

// routesLimit bounds how many accounts are remembered.
const routesLimit = 16384

// routes remember where accounts' deliveries belong. Whoever goes by them looks again inside the transaction: connections
// change rarely, but they do.
type routes struct {
	mu    sync.RWMutex
	known map[account]models.ChannelRoute
}

type account struct {
	platform models.Platform
	id       string
}

func newRoutes() *routes { return &routes{known: make(map[account]models.ChannelRoute)} }

// find returns where an account's deliveries belong, and whether that is from memory; nil if the account is not connected.
func (r *routes) find(ctx context.Context, store *models.Store, p models.Platform, id string) (*models.ChannelRoute, bool, error) {
	r.mu.RLock()
	route, remembered := r.known[account{p, id}]
	r.mu.RUnlock()
	if remembered {
		return &route, true, nil
	}
	found, err := store.Locate(ctx, p, id)
	if err != nil || found == nil {
		return nil, false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= routesLimit {
		clear(r.known)
	}
	r.known[account{p, id}] = *found
	return found, false, nil
}

func (r *routes) forget(p models.Platform, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, account{p, id})
}
