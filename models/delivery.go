package models

// DeliveryStatus is how far an outbound message got.
type DeliveryStatus string

// QUEUED → SENDING → SENT → DELIVERED → READ, or FAILED.
const (
	Queued    DeliveryStatus = "QUEUED"
	Sending   DeliveryStatus = "SENDING"
	Sent      DeliveryStatus = "SENT"
	Delivered DeliveryStatus = "DELIVERED"
	Read      DeliveryStatus = "READ"
	Failed    DeliveryStatus = "FAILED"
)

var deliveryRank = map[DeliveryStatus]int{Queued: 0, Sending: 1, Sent: 2, Delivered: 3, Read: 4}

// Advances reports whether a receipt with status next moves a message forward that stands at s.
// Receipts come in any order: delivery never moves backwards, and a failed message stays failed,
// unless it failed only because the platform's answer was lost: then any receipt proves it arrived.
func (s DeliveryStatus) Advances(next DeliveryStatus, reason FailureReason) bool {
	switch {
	case s == Failed:
		return reason == Unconfirmed && deliveryRank[next] >= deliveryRank[Sent]
	case next == Failed:
		return s != Delivered && s != Read
	default:
		return deliveryRank[next] > deliveryRank[s]
	}
}
