package main

import (
	"parley/channels/simulator"
	"parley/inbox"
	"parley/models"
)

// Accounts of the demo on each platform. The ids have the platforms' shapes.
const (
	demoPhoneNumber   = "106540352242922" // Meta's id of it
	demoBotID         = "123456789"
	demoPage          = "102030405060708"
	demoInstagram     = "17841405726653026"
	demoX             = "1111111111111111111"
	demoLinkedIn      = "urn:li:organization:96000893"
	demoTikTok        = "demo-business-open-id"
	demoWeChat        = "gh_e136c6e50636"
	demoSMS           = "+493055501234"
	demoWidget        = "wgt_demo"
	demoTwilioAccount = "AC00000000000000000000000000000001"
	demoName          = "Demo Flower Shop"
)

// point makes the config's platforms those of the simulator at an address.
func (d *demo) point(p *Platforms, address string) {
	p.MetaAppSecrets = orElse(p.MetaAppSecrets, d.derive("meta app secret"))
	if p.MetaVerifyToken == "" {
		p.MetaVerifyToken = d.derive("meta verify token")
	}
	p.XConsumerSecrets = orElse(p.XConsumerSecrets, d.derive("x consumer secret"))
	p.XClientID, p.XClientSecret, p.XBearerToken = "demo", d.derive("x client secret"), d.derive("x bearer token")
	p.LinkedInClientSecrets = orElse(p.LinkedInClientSecrets, d.derive("linkedin client secret"))
	p.LinkedInClientID, p.LinkedInApplicationID = "demo", "1"
	p.TikTokAppSecrets = orElse(p.TikTokAppSecrets, d.derive("tiktok app secret"))
	p.TikTokAppID = "demo"
	p.MetaHumanAgent = true
	p.MetaAPI, p.WhatsAppAPI, p.InstagramAPI = address+"/facebook", address+"/whatsapp", address+"/instagram"
	p.XAPI, p.TikTokAPI = address+"/x", address+"/tiktok"
	p.LinkedInAPI, p.LinkedInTokenURL = address+"/linkedin", address+"/linkedin/oauth/v2/accessToken"
	p.TelegramAPI, p.WeChatAPI = address+"/telegram", address+"/wechat"
	p.TwilioAPI, p.TwilioMessagingAPI = address+"/sms", address+"/sms"
}

func orElse(secrets []string, secret string) []string {
	if len(secrets) == 0 {
		return []string{secret}
	}
	return secrets
}

// open opens the accounts in the simulator, and says how each is connected as a channel.
func (d *demo) open() []inbox.ConnectRequest {
	sim, token := d.simulator, func(of string) string { return d.derive(of + " access token") }
	refresh := func(of string) string { return d.derive(of + " refresh token") }
	sim.AddWhatsAppNumber(simulator.WhatsAppNumber{
		PhoneNumberID: demoPhoneNumber, DisplayNumber: "+49 30 5550123", VerifiedName: demoName,
		WABA: "102290129340398", AccessToken: token("whatsapp"),
	})
	sim.AddTelegramBot(simulator.TelegramBot{Token: d.botToken(), Username: "demo_flower_bot", Name: demoName})
	sim.AddFacebookPage(simulator.FacebookPage{ID: demoPage, Name: demoName, Username: "demoflowers", AccessToken: "EAA" + token("facebook"), AppID: "1"})
	sim.AddInstagramAccount(simulator.InstagramAccount{ID: demoInstagram, Username: "demo.flowers", Name: demoName, AccessToken: "IGA" + token("instagram")})
	sim.AddXAccount(simulator.XAccount{UserID: demoX, Username: "demoflowers", Name: demoName, AccessToken: token("x"), RefreshToken: refresh("x")})
	sim.AddLinkedInPage(simulator.LinkedInPage{Organization: demoLinkedIn, Name: demoName, AccessToken: token("linkedin"), RefreshToken: refresh("linkedin")})
	sim.AddTikTokAccount(simulator.TikTokAccount{BusinessID: demoTikTok, Name: demoName, AccessToken: token("tiktok"), RefreshToken: refresh("tiktok")})
	sim.AddWeChatAccount(simulator.WeChatAccount{
		ID: demoWeChat, Name: demoName, AppID: "wxdemo0000000001", AppSecret: d.derive("wechat app secret"), Token: d.derive("wechat token"),
	})
	sim.AddSMSNumber(simulator.SMSNumber{Number: demoSMS, AccountSID: demoTwilioAccount, AuthToken: token("sms"), Name: demoName})

	sim.AddMessengerWidget(simulator.MessengerWidget{Key: demoWidget, IdentitySecret: d.derive("messenger identity secret"), Name: demoName})

	with := func(access, refresh string) models.Credentials {
		return models.Credentials{AccessToken: access, RefreshToken: refresh}
	}
	return []inbox.ConnectRequest{
		{Platform: models.WhatsApp, AccountID: demoPhoneNumber, Credentials: with(token("whatsapp"), "")},
		{Platform: models.Telegram, AccountID: demoBotID, Credentials: with(d.botToken(), "")},
		{Platform: models.Facebook, AccountID: demoPage, Credentials: with("EAA"+token("facebook"), "")},
		{Platform: models.Instagram, AccountID: demoInstagram, Credentials: with("IGA"+token("instagram"), "")},
		{Platform: models.X, AccountID: demoX, Credentials: with(token("x"), refresh("x"))},
		{Platform: models.LinkedIn, AccountID: demoLinkedIn, Credentials: with(token("linkedin"), refresh("linkedin"))},
		{Platform: models.TikTok, AccountID: demoTikTok, Credentials: with(token("tiktok"), refresh("tiktok"))},
		{Platform: models.WeChat, AccountID: demoWeChat, Credentials: models.Credentials{
			AppID: "wxdemo0000000001", AppSecret: d.derive("wechat app secret"), WebhookSecret: d.derive("wechat token"),
		}},
		{Platform: models.Messenger, AccountID: demoWidget, Credentials: models.Credentials{IdentitySecret: d.derive("messenger identity secret")}},
		{Platform: models.SMS, AccountID: demoSMS, Credentials: models.Credentials{AppID: demoTwilioAccount, AccessToken: token("sms")}},
	}
}
