package embedded

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"syscall"
)

// openLog starts a new log and keeps the one of the run before.
func openLog(path string, a account) (*os.File, error) {
	if err := os.Rename(path, path+".1"); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("rotate log: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if err := a.own(path); err != nil {
		f.Close()
		return nil, fmt.Errorf("hand over log: %w", err)
	}
	return f, nil
}

const (
	tailBytes = 4096
	tailLines = 10
)

// withTail adds the last lines of the log to err, which alone would only say that a program ended.
func withTail(err error, path string) error {
	f, openErr := os.Open(path)
	if openErr != nil {
		return err
	}
	defer f.Close()
	if info, statErr := f.Stat(); statErr == nil && info.Size() > tailBytes {
		_, _ = f.Seek(-tailBytes, io.SeekEnd)
	}
	text, _ := io.ReadAll(io.LimitReader(f, tailBytes))
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	lines = lines[max(0, len(lines)-tailLines):]
	return fmt.Errorf("%w; the end of %s:\n%s", err, path, bytes.Join(lines, []byte("\n")))
}
