package models

import "github.com/jackc/pgx/v5"

// Planned tells how often this connection planned what a scene asks for the arguments at hand, and how often it did not.
func (in *Intake) Planned() (anew, once int, err error) {
	in.waiting.Queue(`SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements WHERE statement = ANY($1)`,
		[]string{lockIdentities, selectGround, lockNewest}).QueryRow(func(row pgx.Row) error { return row.Scan(&anew, &once) })
	return anew, once, in.send()
}
