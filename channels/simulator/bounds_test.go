package simulator

import (
	"testing"
	"time"
)

func TestLogsKeepTheNewest(t *testing.T) {
	t.Parallel()
	var list []int
	for i := range 1000 {
		list = keepNewest(append(list, i), 10)
		if len(list) > 10 || list[len(list)-1] != i {
			t.Fatalf("after %d: %v", i, list)
		}
	}
}

func TestStoredFilesAreBounded(t *testing.T) {
	t.Parallel()
	store := mediaStore{items: map[string]storedMedia{}}
	owner := Account{WhatsApp, "1"}
	file := Media{Data: make([]byte, mostStored/4)}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		store.keep(id, owner, file, time.Time{})
	}
	if _, known := store.find("a", owner); known {
		t.Error("the oldest file is still there")
	}
	if _, known := store.find("b", owner); !known {
		t.Error("more was thrown away than needed")
	}
	if _, known := store.find("e", Account{WhatsApp, "2"}); known {
		t.Error("a file was shown to another account")
	}
}
