// Package report keeps what was measured and tells it: as a table, beside the targets, and as a picture.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Measurement is one run of one case on one server.
type Measurement struct {
	At       time.Time          `json:"at"`
	Scenario string             `json:"scenario"`
	Case     string             `json:"case"`
	Server   string             `json:"server"`
	Run      int                `json:"run"`
	Small    bool               `json:"small,omitempty"` // a look, which no document tells of
	Figures  map[string]float64 `json:"figures"`
	Remarks  []string           `json:"remarks,omitempty"`
}

// Book keeps measurements in a file, a line of JSON each.
type Book struct {
	file *os.File
	All  []Measurement
}

// OpenBook begins a file anew.
func OpenBook(path string) (*Book, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("open results: %w", err)
	}
	return &Book{file: file}, nil
}

// Read reads what was measured before.
func Read(path string) (all []Measurement, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open results: %w", err)
	}
	defer file.Close()
	for lines := json.NewDecoder(file); lines.More(); {
		var m Measurement
		if err := lines.Decode(&m); err != nil {
			return nil, fmt.Errorf("read results: %w", err)
		}
		all = append(all, m)
	}
	return all, nil
}

// Add keeps a measurement.
func (b *Book) Add(m Measurement) error {
	m.At = time.Now().UTC()
	b.All = append(b.All, m)
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	if _, err := b.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// Close closes the file.
func (b *Book) Close() error { return b.file.Close() }
