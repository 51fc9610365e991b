package media

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// partBytes is what is held in memory of a file whose size nobody knows.
const partBytes = 8 << 20

// S3Config says where a bucket is.
type S3Config struct {
	Endpoint  string // host or host:port
	Region    string // empty: us-east-1
	Bucket    string
	AccessKey string
	SecretKey string
	Prefix    string // of every key in the bucket
	Insecure  bool   // http: for a storage in the same network
}

// S3 keeps files in a bucket of a storage that speaks S3's protocol.
type S3 struct {
	client *minio.Client
	bucket string
	prefix string
}

var _ Storage = (*S3)(nil)

// NewS3 makes a storage of an existing bucket. It does not go there yet.
func NewS3(c S3Config) (*S3, error) { return newS3(c, nil) }

func newS3(c S3Config, transport http.RoundTripper) (*S3, error) {
	if c.Bucket == "" {
		return nil, errors.New("a storage needs the name of its bucket")
	}
	client, err := minio.New(c.Endpoint, &minio.Options{
		Creds:      credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""),
		Secure:     !c.Insecure,
		Region:     cmp.Or(c.Region, "us-east-1"),
		MaxRetries: 3,
		Transport:  transport,
	})
	if err != nil {
		return nil, fmt.Errorf("reach media storage: %w", err)
	}
	return &S3{client: client, bucket: c.Bucket, prefix: c.Prefix}, nil
}

func (s *S3) name(key string) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	return path.Join(s.prefix, key), nil
}

// Put implements Storage. A bucket shows an object only once all of it has come.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, size int64, mime string) error {
	name, err := s.name(key)
	if err != nil {
		return err
	}
	if size >= 0 {
		r = &exactReader{r: r, left: size}
	}
	_, err = s.client.PutObject(ctx, s.bucket, name, r, size, minio.PutObjectOptions{ContentType: mime, PartSize: partBytes})
	if err != nil {
		return fmt.Errorf("put object: %w", err)
	}
	return nil
}

// Open implements Storage. Only what is read is transferred.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	name, err := s.name(key)
	if err != nil {
		return nil, Info{}, err
	}
	object, err := s.client.GetObject(ctx, s.bucket, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, Info{}, fmt.Errorf("open object: %w", err)
	}
	info, err := object.Stat()
	if err != nil {
		_ = object.Close() // it says the same once more
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			return nil, Info{}, ErrNotStored
		}
		return nil, Info{}, fmt.Errorf("open object: %w", err)
	}
	return object, Info{Size: info.Size, StoredAt: info.LastModified}, nil
}

// Delete implements Storage.
func (s *S3) Delete(ctx context.Context, key string) error {
	name, err := s.name(key)
	if err != nil {
		return err
	}
	if err := s.client.RemoveObject(ctx, s.bucket, name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	return nil
}

// exactReader fails unless exactly so many bytes come. It looks for more before it gives the last ones away: with those an
// object is complete, whatever follows.
type exactReader struct {
	r    io.Reader
	left int64
}

func (e *exactReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if e.left -= int64(n); e.left == 0 && err == nil {
		var more int
		if more, err = io.ReadFull(e.r, make([]byte, 1)); more > 0 {
			e.left--
		}
	}
	switch {
	case e.left < 0:
		return 0, errors.New("more bytes came than were announced")
	case e.left > 0 && errors.Is(err, io.EOF):
		return 0, io.ErrUnexpectedEOF
	case err != nil && !errors.Is(err, io.EOF):
		return 0, err
	default:
		return n, err
	}
}
