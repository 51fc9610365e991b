package models

import (
	"log/slog"
	"time"
)

// Credentials are the secrets of one channel. They are sealed in the database and never leave the server.
type Credentials struct {
	AccessToken   string     `json:"accessToken,omitempty"`
	RefreshToken  string     `json:"refreshToken,omitempty"`
	ExpiresAt     *time.Time `json:"expiresAt,omitempty"`
	WebhookSecret string     `json:"webhookSecret,omitempty"` // proves that a delivery comes from the platform
	AppID         string     `json:"appId,omitempty"`         // of an app of the account's own: WeChat's AppID, Twilio's account SID
	AppSecret     string     `json:"appSecret,omitempty"`     // that app's secret
	EncodingKey   string     `json:"encodingKey,omitempty"`   // WeChat's EncodingAESKey; empty: deliveries come in plain

	IdentitySecret string `json:"identitySecret,omitempty"` // with which a widget's site vouches for who its visitors are
}

// String keeps secrets out of logs and messages.
func (Credentials) String() string { return "[secret]" }

// GoString keeps secrets out of %#v.
func (Credentials) GoString() string { return "[secret]" }

// LogValue keeps secrets out of structured logs.
func (Credentials) LogValue() slog.Value { return slog.StringValue("[secret]") }
