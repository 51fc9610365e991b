package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"parley/models"
)

// How many passwords may be tried for an email address at once, and how many a second afterwards: one a minute.
const (
	AttemptsAtOnce  = 10
	AttemptsRestore = 1.0 / 60
)

// attempt has a password tried, unless too many wrong ones were. Only wrong ones count. It is the same whether or not
// anybody has the address.
func (b *Inbox) attempt(ctx context.Context, email string, try func() (isWrong bool, err error)) error {
	if b.signIns == nil {
		_, err := try()
		return err
	}
	hash := sha256.Sum256([]byte(strings.ToLower(email))) // Redis is not told who has an account
	who := hex.EncodeToString(hash[:])
	if left := b.signIns.Take(ctx, who, 1); left.Wait > 0 {
		return models.Refuse(models.AskedTooOften, "",
			fmt.Sprintf("Too many wrong passwords for this email address. Try again in %d seconds.", int(math.Ceil(left.Wait.Seconds()))))
	}
	isWrong, err := try()
	if !isWrong {
		b.signIns.Return(ctx, who, 1)
	}
	return err
}
