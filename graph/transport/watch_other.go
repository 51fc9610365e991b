//go:build !linux

package transport

import "errors"

// watcher is for systems with epoll. Elsewhere a goroutine reads each socket.
type watcher struct{}

func newWatcher() (*watcher, error) { return nil, errors.ErrUnsupported }
func (*watcher) run()               {}
func (*watcher) stop()              {}
func (*watcher) watch(*conn) bool   { return false }
func (*watcher) forget(*conn)       {}
