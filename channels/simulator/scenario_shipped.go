package simulator

import (
	"bytes"
	"embed"
	"fmt"
	"sync"
)

//go:embed scenarios/*.json
var shipped embed.FS

// Scenarios lists the scenarios that come with the simulator, by name: one for every platform it plays, and one for
// every accident.
func Scenarios() []Scenario { return readShipped() }

var readShipped = sync.OnceValue(func() []Scenario {
	files, err := shipped.ReadDir("scenarios")
	if err != nil {
		panic(err) // they are part of the program
	}
	var list []Scenario
	for _, file := range files {
		raw, err := shipped.ReadFile("scenarios/" + file.Name())
		if err != nil {
			panic(err)
		}
		sc, err := ReadScenario(bytes.NewReader(raw))
		if err != nil {
			panic(fmt.Sprintf("%s: %v", file.Name(), err))
		}
		list = append(list, sc)
	}
	return list
})
