package inbox

import (
	"fmt"

	"parley/models"
)

// noticeRevoked is what an adapter calls the news that the account took our app's rights away.
const noticeRevoked = "authorization_revoked"

// takeNotice tells of news about the account itself, once: a notice has no id, so a platform's retry is known by what it
// says. An account that took our rights away needs attention.
func (r reception) takeNotice(in models.Inbound) error {
	key := fmt.Sprintf("%s %s", r.channel.ID, in.Notice.Fingerprint(in.At))
	_, err := r.tx.Once(models.ReceiveFromPlatform, key, in.Notice, func() (string, error) {
		r.tx.Record(models.Event{Type: models.ChannelNotice, ChannelID: r.channel.ID, Data: models.EventData{Notice: in.Notice}})
		if in.Notice.Type != noticeRevoked {
			return "", nil
		}
		return "", doubtChannel(r.tx, r.channel.ID, models.AuthExpired)
	})
	return err
}
