package models

import (
	"fmt"
	"sync"

	"gorm.io/gorm"
)

// A transaction is one connection, and a connection does one thing at a time. The resolvers and loaders of one response
// run concurrently in one transaction: they take turns. Row, Rows and Scan do not, as their rows outlive the call: what
// resolvers may ask uses Find, also after Raw.

const turnsKey = "parley:turns"

func withTurns(db *gorm.DB) *gorm.DB { return takingTurns(db, &sync.Mutex{}) }

func takingTurns(db *gorm.DB, turn *sync.Mutex) *gorm.DB {
	return db.Set(turnsKey, turn).Session(&gorm.Session{})
}

func oneAtATime(db *gorm.DB) error {
	take := func(db *gorm.DB) {
		if turn, ok := db.Get(turnsKey); ok {
			turn.(*sync.Mutex).Lock()
		}
	}
	give := func(db *gorm.DB) {
		if turn, ok := db.Get(turnsKey); ok {
			turn.(*sync.Mutex).Unlock()
		}
	}
	c := db.Callback()
	for _, err := range []error{
		c.Query().Before("*").Register("parley:take_turn", take), c.Query().After("*").Register("parley:give_turn", give),
		c.Raw().Before("*").Register("parley:take_turn", take), c.Raw().After("*").Register("parley:give_turn", give),
		c.Create().Before("*").Register("parley:take_turn", take), c.Create().After("*").Register("parley:give_turn", give),
		c.Update().Before("*").Register("parley:take_turn", take), c.Update().After("*").Register("parley:give_turn", give),
		c.Delete().Before("*").Register("parley:take_turn", take), c.Delete().After("*").Register("parley:give_turn", give),
	} {
		if err != nil {
			return fmt.Errorf("order statements: %w", err)
		}
	}
	return nil
}
