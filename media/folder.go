package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// incoming is where files are written before they have their key. What a crash left there is removed a day later.
const (
	incoming     = ".incoming"
	abandonAfter = 24 * time.Hour
)

// Folder keeps files in a folder. Several processes may share it.
type Folder struct {
	root *os.Root
}

var _ Storage = (*Folder)(nil)

// NewFolder makes the folder if there is none. Only the user we run as can look into it.
func NewFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make media folder: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open media folder: %w", err)
	}
	f := &Folder{root: root}
	if err := f.sweep(time.Now().Add(-abandonAfter)); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// sweep removes what was begun before and never finished.
func (f *Folder) sweep(before time.Time) error {
	if err := f.root.MkdirAll(incoming, 0o700); err != nil {
		return fmt.Errorf("make media folder: %w", err)
	}
	begun, err := fs.ReadDir(f.root.FS(), incoming)
	if err != nil {
		return fmt.Errorf("look for abandoned files: %w", err)
	}
	for _, entry := range begun {
		info, err := entry.Info()
		if err != nil || !info.ModTime().Before(before) {
			continue // somebody else finished it, or works on it
		}
		if err := f.root.Remove(path.Join(incoming, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove abandoned file: %w", err)
		}
	}
	return nil
}

// Put implements Storage: the file has its key only once all of it is on the disk.
func (f *Folder) Put(ctx context.Context, key string, r io.Reader, size int64, _ string) (err error) {
	if err := checkKey(key); err != nil {
		return err
	}
	begun := path.Join(incoming, rand.Text())
	if err := f.write(begun, contextReader{ctx, r}, size); err != nil {
		return errors.Join(fmt.Errorf("write file: %w", err), f.remove(begun))
	}
	if err := f.root.MkdirAll(path.Dir(key), 0o700); err != nil {
		return errors.Join(fmt.Errorf("make room for file: %w", err), f.remove(begun))
	}
	if err := f.root.Rename(begun, key); err != nil {
		return errors.Join(fmt.Errorf("name file: %w", err), f.remove(begun))
	}
	for dir := path.Dir(key); ; dir = path.Dir(dir) {
		if err := f.syncDir(dir); err != nil {
			return fmt.Errorf("keep name of file: %w", err)
		}
		if dir == "." {
			return nil
		}
	}
}

func (f *Folder) write(name string, r io.Reader, size int64) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(file, r)
	if err == nil && size >= 0 && n != size {
		err = fmt.Errorf("%d bytes came instead of %d", n, size)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (f *Folder) remove(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove unfinished file: %w", err)
	}
	return nil
}

func (f *Folder) syncDir(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Open implements Storage.
func (f *Folder) Open(_ context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if err := checkKey(key); err != nil {
		return nil, Info{}, err
	}
	file, err := f.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Info{}, ErrNotStored
	}
	if err != nil {
		return nil, Info{}, fmt.Errorf("open file: %w", err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotStored
	}
	if err != nil {
		return nil, Info{}, errors.Join(err, file.Close())
	}
	return file, Info{Size: info.Size(), StoredAt: info.ModTime()}, nil
}

// Delete implements Storage.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := f.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
