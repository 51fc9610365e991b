package inbox

import (
	"context"
	"fmt"

	"parley/models"
)

var errSomebodyElse = models.Refuse(models.VersionConflict, "identity.id",
	"This session belongs to another customer. End it, and begin a new one.")

// Identify makes an anonymous visitor the customer the widget's site vouches for: what they said before goes along, into one
// history with what this customer said elsewhere. Without a true hash nothing changes. Twice is the same as once.
func (m *Messenger) Identify(ctx context.Context, v models.Visitor, claim models.IdentityClaim) (now models.Visitor, err error) {
	if err := claim.Check(); err != nil {
		return v, err
	}
	err = m.store.DoAsVisitor(ctx, v, models.IdentifyAsVisitor, func(tx *models.Tx, visitor *models.Visitor) error {
		now = *visitor
		genuine, err := isVouchedFor(tx, visitor.ChannelID, claim)
		if err != nil || !genuine {
			return err
		}
		return identify(tx, visitor.ID, claim, &now)
	})
	return now, err
}

func identify(tx *models.Tx, visitorID string, claim models.IdentityClaim, now *models.Visitor) error {
	var v models.Visitor
	if err := tx.Lock(&v, visitorID); err != nil {
		return err
	}
	switch {
	case v.CustomerID != nil && *v.CustomerID != claim.ID:
		return errSomebodyElse
	case v.CustomerID == nil:
		v.CustomerID, v.WasAnonymous, v.Name = &claim.ID, true, claim.Name
	case claim.Name == "" || claim.Name == v.Name:
		*now = v
		return nil
	default:
		v.Name = claim.Name
	}
	*now = v
	if err := tx.Update(&v, "customer_id", "was_anonymous", "name"); err != nil {
		return fmt.Errorf("identify %s: %w", v.ID, err)
	}
	return unite(tx, &v)
}

// unite makes one of what a visitor said before and after they were known. Who has not said anything is nobody's contact yet.
func unite(tx *models.Tx, v *models.Visitor) error {
	if err := tx.EnterChannel(v.ChannelID, false); err != nil {
		return err
	}
	known, err := tx.VisitorIdentities(v)
	if err != nil || len(known) == 0 {
		return err
	}
	who := v.Author()
	if len(known) == 1 && known[0].ExternalID == who.ID {
		return nil // the browser said nothing before, or it is done already
	}
	identity, err := tx.TakeIdentity(v.ChannelID, who)
	if err != nil {
		return err
	}
	tx.Record(models.Event{
		Type: models.ContactChanged, ChannelID: v.ChannelID, Data: models.EventData{ContactID: identity.ContactID, Change: changedID},
	})
	return nil
}

// changedID is what the log says of a contact who goes by another id from now on.
const changedID = "CHANGED_ID"

// reunite unites what a visitor said while they were being identified with the rest. Whoever identifies them holds the
// visitor's row until that is committed, so one of the two sees what the other did.
func (m *Messenger) reunite(ctx context.Context, v models.Visitor) error {
	return m.store.DoAsVisitor(ctx, v, models.WriteAsVisitor, func(tx *models.Tx, _ *models.Visitor) error {
		var now models.Visitor
		if err := tx.Lock(&now, v.ID); err != nil || now.CustomerID == nil {
			return err
		}
		return unite(tx, &now)
	})
}
