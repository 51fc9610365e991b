package graph

import (
	"parley/graph/generated"
	"parley/models"
)

// accountOf is the account to connect, and its secrets.
func accountOf(a generated.AccountInput) (models.Platform, string, models.Credentials) {
	switch {
	case a.Facebook != nil:
		return models.Facebook, a.Facebook.PageID, models.Credentials{AccessToken: a.Facebook.AccessToken}
	case a.Instagram != nil:
		return models.Instagram, a.Instagram.AccountID, models.Credentials{AccessToken: a.Instagram.AccessToken}
	case a.X != nil:
		return models.X, "", models.Credentials{AccessToken: a.X.AccessToken, RefreshToken: value(a.X.RefreshToken)}
	case a.LinkedIn != nil:
		l := a.LinkedIn
		return models.LinkedIn, l.OrganizationUrn, models.Credentials{AccessToken: l.AccessToken, RefreshToken: value(l.RefreshToken)}
	case a.TikTok != nil:
		t := a.TikTok
		return models.TikTok, t.BusinessID, models.Credentials{AccessToken: t.AccessToken, RefreshToken: value(t.RefreshToken)}
	case a.WeChat != nil:
		w := a.WeChat
		return models.WeChat, w.AccountID, models.Credentials{
			AppID: w.AppID, AppSecret: w.AppSecret, WebhookSecret: w.Token, EncodingKey: value(w.EncodingAesKey),
		}
	case a.Sms != nil:
		return models.SMS, a.Sms.Number, models.Credentials{AppID: a.Sms.AccountSid, AccessToken: a.Sms.AuthToken}
	case a.WhatsApp != nil:
		return models.WhatsApp, a.WhatsApp.PhoneNumberID, models.Credentials{AccessToken: a.WhatsApp.AccessToken}
	case a.Telegram != nil:
		return models.Telegram, "", models.Credentials{AccessToken: a.Telegram.BotToken}
	case a.Messenger != nil:
		return models.Messenger, value(a.Messenger.WidgetKey), models.Credentials{}
	default: // the executor lets exactly one through
		return "", "", models.Credentials{}
	}
}
