package inbox_test

import (
	"testing"

	"parley/inbox/inboxtest"
)

func TestMain(m *testing.M) { inboxtest.Main(m) }
