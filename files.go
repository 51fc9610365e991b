package main

import (
	"fmt"
	"io"
	"path/filepath"

	"parley/inbox"
	"parley/media"
)

// Files say where the files of messages are kept: in a folder, or in a storage that speaks S3's protocol.
type Files struct {
	// The folder. Empty: media, in the data directory. Several processes need the same one, or S3.
	MediaDir string `env:"PARLEY_MEDIA_DIR"`
	// The host, or host:port, of the S3 storage. Empty: the folder.
	MediaEndpoint string `env:"PARLEY_MEDIA_S3_ENDPOINT"`
	// Its region.
	MediaRegion string `env:"PARLEY_MEDIA_S3_REGION"`
	// The bucket, which exists.
	MediaBucket string `env:"PARLEY_MEDIA_S3_BUCKET"`
	// The access key.
	MediaAccessKey string `env:"PARLEY_MEDIA_S3_ACCESS_KEY"`
	// The secret key.
	MediaSecretKey string `env:"PARLEY_MEDIA_S3_SECRET_KEY"`
	// What every name in the bucket begins with.
	MediaPrefix string `env:"PARLEY_MEDIA_S3_PREFIX"`
	// Whether to speak http to it: for a storage in the same network.
	MediaInsecure bool `env:"PARLEY_MEDIA_S3_INSECURE" envDefault:"false"`
	// The greatest size of one file in bytes.
	MediaMaxBytes int64 `env:"PARLEY_MEDIA_MAX_BYTES" envDefault:"104857600"`
	// Hosts, or hosts with a port, from which files are fetched though they are private or speak http, comma-separated.
	MediaAllowHosts []string `env:"PARLEY_MEDIA_ALLOW_HOSTS"`
}

// library is what the inbox keeps files with, and what is to be closed in the end.
type library struct {
	inbox.MediaConfig
	folder  io.Closer
	fetcher *media.Fetcher
}

// openLibrary opens the place where files are kept.
func openLibrary(c Config) (*library, error) {
	fetcher := media.NewFetcher(media.FetcherConfig{AllowHosts: c.MediaAllowHosts})
	l := &library{MediaConfig: inbox.MediaConfig{Fetcher: fetcher, MaxBytes: c.MediaMaxBytes}, fetcher: fetcher}
	if c.MediaEndpoint != "" {
		storage, err := media.NewS3(media.S3Config{
			Endpoint: c.MediaEndpoint, Region: c.MediaRegion, Bucket: c.MediaBucket, AccessKey: c.MediaAccessKey,
			SecretKey: c.MediaSecretKey, Prefix: c.MediaPrefix, Insecure: c.MediaInsecure,
		})
		if err != nil {
			return nil, fmt.Errorf("PARLEY_MEDIA_S3_ENDPOINT: %w", err)
		}
		l.Storage = storage
		return l, nil
	}
	dir := c.MediaDir
	if dir == "" {
		dir = filepath.Join(c.DataDir, "media")
	}
	folder, err := media.NewFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_MEDIA_DIR: %w", err)
	}
	l.Storage, l.folder = folder, folder
	return l, nil
}

func (l *library) close() error {
	l.fetcher.Close()
	if l.folder == nil {
		return nil
	}
	return l.folder.Close()
}
