package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// IsOwnFault reports whether a transaction failed for what was to be done in it. Otherwise the database was away or busy, or
// the caller, and any other transaction would have failed as well.
func IsOwnFault(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "22", "23", "40", "54": // data exception, integrity, contention every time, too large
			return true
		default:
			return false
		}
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return !errors.As(err, &connect) && !errors.As(err, &network) && !isOneOf(err,
		context.Canceled, context.DeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF)
}

func isOneOf(err error, all ...error) bool {
	for _, one := range all {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
