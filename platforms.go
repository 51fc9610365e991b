package main

import (
	"time"

	"parley/channels"
	"parley/channels/facebook"
	"parley/channels/instagram"
	"parley/channels/linkedin"
	"parley/channels/meta"
	"parley/channels/sms"
	"parley/channels/telegram"
	"parley/channels/tiktok"
	"parley/channels/wechat"
	"parley/channels/whatsapp"
	"parley/channels/x"
)

// Platforms are what an operator got from the networks for the server's apps there. A platform without its secrets
// refuses every delivery.
type Platforms struct {
	// Secrets of the Meta app, comma-separated. The first signs our calls; deliveries may be signed with any, so that one can
	// be replaced, and an app with Instagram Login has a second one.
	MetaAppSecrets []string `env:"META_APP_SECRETS"`
	// The verify token given to Meta for the webhooks' addresses.
	MetaVerifyToken string `env:"META_VERIFY_TOKEN"`
	// Where Meta's Graph API is.
	MetaAPI string `env:"META_API_URL" envDefault:"https://graph.facebook.com"`
	// Where the Graph API for WhatsApp is.
	WhatsAppAPI string `env:"WHATSAPP_API_URL" envDefault:"https://graph.facebook.com"`
	// Where the Graph API for Instagram Login is.
	InstagramAPI string `env:"INSTAGRAM_API_URL" envDefault:"https://graph.instagram.com"`
	// Whether Meta has approved the Human Agent feature for the app: people may then answer for seven days.
	MetaHumanAgent bool `env:"META_HUMAN_AGENT" envDefault:"false"`

	// Consumer secrets of the X app, comma-separated; the first answers challenges.
	XConsumerSecrets []string `env:"X_CONSUMER_SECRETS"`
	// The X app's OAuth 2.0 client.
	XClientID string `env:"X_CLIENT_ID"`
	// Its secret. Empty for a public client.
	XClientSecret string `env:"X_CLIENT_SECRET"`
	// The X app's own token, for webhooks and subscriptions.
	XBearerToken string `env:"X_BEARER_TOKEN"`
	// Where the API of X is.
	XAPI string `env:"X_API_URL" envDefault:"https://api.x.com"`

	// The LinkedIn app's client id.
	LinkedInClientID string `env:"LINKEDIN_CLIENT_ID"`
	// Its client secrets, comma-separated; the first answers challenges and refreshes tokens.
	LinkedInClientSecrets []string `env:"LINKEDIN_CLIENT_SECRETS"`
	// The LinkedIn app's number, for subscriptions.
	LinkedInApplicationID string `env:"LINKEDIN_APPLICATION_ID"`
	// Where LinkedIn's API is.
	LinkedInAPI string `env:"LINKEDIN_API_URL" envDefault:"https://api.linkedin.com"`
	// Where LinkedIn renews tokens.
	LinkedInTokenURL string `env:"LINKEDIN_TOKEN_URL" envDefault:"https://www.linkedin.com/oauth/v2/accessToken"`

	// The TikTok app's id.
	TikTokAppID string `env:"TIKTOK_APP_ID"`
	// Its secrets, comma-separated; the first is used in calls.
	TikTokAppSecrets []string `env:"TIKTOK_APP_SECRETS"`
	// Where TikTok's business API is.
	TikTokAPI string `env:"TIKTOK_API_URL" envDefault:"https://business-api.tiktok.com"`

	// Where Telegram's Bot API is.
	TelegramAPI string `env:"TELEGRAM_API_URL" envDefault:"https://api.telegram.org"`
	// Where WeChat's API is.
	WeChatAPI string `env:"WECHAT_API_URL" envDefault:"https://api.weixin.qq.com"`
	// Where Twilio's API is.
	TwilioAPI string `env:"TWILIO_API_URL" envDefault:"https://api.twilio.com"`
	// Where Twilio's messaging services are.
	TwilioMessagingAPI string `env:"TWILIO_MESSAGING_API_URL" envDefault:"https://messaging.twilio.com"`
}

// addresses are the variables that hold a platform's address.
func (p Platforms) addresses() map[string]string {
	return map[string]string{
		"META_API_URL": p.MetaAPI, "WHATSAPP_API_URL": p.WhatsAppAPI, "INSTAGRAM_API_URL": p.InstagramAPI, "X_API_URL": p.XAPI, "LINKEDIN_API_URL": p.LinkedInAPI,
		"LINKEDIN_TOKEN_URL": p.LinkedInTokenURL, "TIKTOK_API_URL": p.TikTokAPI, "TELEGRAM_API_URL": p.TelegramAPI,
		"WECHAT_API_URL": p.WeChatAPI, "TWILIO_API_URL": p.TwilioAPI, "TWILIO_MESSAGING_API_URL": p.TwilioMessagingAPI,
	}
}

// adapters speak the platforms. The further ones are those that need more than an address.
func (p Platforms) adapters(publicURL string, now func() time.Time, further ...channels.Adapter) *channels.Registry {
	app := meta.App{AppSecrets: p.MetaAppSecrets, VerifyToken: p.MetaVerifyToken, APIBase: p.MetaAPI}
	all := []channels.Adapter{
		facebook.New(facebook.Config{App: app}),
		instagram.New(instagram.Config{App: app, InstagramBase: p.InstagramAPI, Now: now}),
		whatsapp.New(whatsapp.Config{AppSecrets: p.MetaAppSecrets, VerifyToken: p.MetaVerifyToken, APIBase: p.WhatsAppAPI}),
		x.New(x.Config{
			ConsumerSecrets: p.XConsumerSecrets, ClientID: p.XClientID, ClientSecret: p.XClientSecret, AppBearer: p.XBearerToken, APIBase: p.XAPI,
		}),
		linkedin.New(linkedin.Config{
			ClientSecrets: p.LinkedInClientSecrets, ClientID: p.LinkedInClientID, DeveloperApplicationID: p.LinkedInApplicationID,
			APIBase: p.LinkedInAPI, TokenURL: p.LinkedInTokenURL,
		}),
		tiktok.New(tiktok.Config{AppID: p.TikTokAppID, AppSecrets: p.TikTokAppSecrets, APIBase: p.TikTokAPI, Now: now}),
		telegram.New(telegram.Config{APIBase: p.TelegramAPI}),
		wechat.New(wechat.Config{APIBase: p.WeChatAPI, Now: now}),
		sms.New(sms.Config{APIBase: p.TwilioAPI, MessagingBase: p.TwilioMessagingAPI, WebhookBase: publicURL}),
	}
	return channels.NewRegistry(append(all, further...)...)
}
