// Package simulator plays the platforms: it serves their APIs and calls our webhooks, so that the demo,
// the tests and integration partners need no account on any of them.
//
// One Simulator is one little world with its own address. It holds accounts (a WhatsApp number, a Telegram
// bot), the customers who write to them, everything the accounts sent, and every webhook it delivered:
//
//	sim := simulator.New(simulator.Config{WebhookURL: "http://127.0.0.1:8080", WhatsAppAppSecret: secret})
//	defer sim.Close(ctx)
//	number := sim.AddWhatsAppNumber(simulator.WhatsAppNumber{PhoneNumberID: "106540352242922", AccessToken: token})
//	go http.Serve(listener, sim.Handler())
//
//	erika := simulator.Customer{ID: "493023125001", Name: "Erika Muster"}
//	id, err := sim.CustomerWrites(ctx, simulator.Inbound{Account: number, Customer: erika, Text: "Hallo?"})
//	sent, err := sim.Await(ctx, number, 1) // the answer has arrived
//
// # What it serves
//
//	/whatsapp/{version}/…      the Cloud API: the base address is http://…/whatsapp in place of graph.facebook.com
//	/facebook/{version}/…      the Graph API for pages: http://…/facebook in place of graph.facebook.com
//	/instagram/{version}/…     the same for Instagram: http://…/instagram in place of graph.instagram.com
//	/telegram/bot{token}/…     the Bot API: the base address is http://…/telegram in place of api.telegram.org
//	/telegram/file/bot{token}/ the files customers sent to a bot
//	/wechat/cgi-bin/…          the Official Account API: http://…/wechat in place of api.weixin.qq.com
//	/sms/2010-04-01/…          Twilio's messaging API: http://…/sms in place of api.twilio.com
//	/x/2/…                     the X API v2: http://…/x in place of api.x.com
//	/linkedin/rest/…           the Community Management API: http://…/linkedin in place of api.linkedin.com
//	/tiktok/open_api/v1.3/…    the TikTok Accounts API: http://…/tiktok in place of business-api.tiktok.com
//	/simulator/…               the controls, as JSON (see Handler)
//
// It refuses what the platform refuses, with the platform's own error: a wrong token, a text over the limit,
// free text outside the 24 hour window, a stranger, a customer who blocked us.
//
// # What it delivers
//
// WhatsApp webhooks go to {WebhookURL}/webhooks/whatsapp, those of Facebook and Instagram to …/webhooks/facebook and
// …/webhooks/instagram, signed over the exact bytes. What a page or an Instagram account said comes back as an echo,
// which counts as its first receipt. Telegram updates go to
// the address given with setWebhook, with its secret token, the updates of one chat in order. WeChat's XML goes to
// {WebhookURL}/webhooks/wechat/{account}, enciphered if the account has a key. Twilio's forms go to
// {WebhookURL}/webhooks/sms/{number} or the number's SmsUrl, and receipts to the StatusCallback of the message. A
// delivery that is not answered with 2xx is repeated, the pause doubling up to a bound, until Reset or Close
// abandons it; but WeChat gives up after three repetitions, and Twilio repeats once and only what found no server:
// what those lost must be asked for.
//
// X, LinkedIn and TikTok deliver to {WebhookURL}/webhooks/x, …/linkedin and …/tiktok, until a webhook is registered
// with their API. Who subscribes for an account of X or a page of LinkedIn is told what they subscribed for, and
// nothing once they unsubscribe. What these accounts did comes back on X and LinkedIn as an event; Faults about
// receipts are about those.
//
// # Visitors
//
// A widget of our own Messenger (AddMessengerWidget) has no platform behind it: its customers are browsers that speak
// the protocol of docs/messenger.md with {WebhookURL}/messenger/{key}, hear of answers by a stream, and read them. What
// a visitor asked for stands among the deliveries, and what their stream shows counts as sent. A visitor stays from
// their first deed until Reset or Close; when their session is over, the next deed begins another.
//
// # What can go wrong
//
// SetFaults makes an account slow, duplicates or batches its webhooks, and reorders, delays or drops receipts.
// FailNext makes its next sends fail with a class of error, or loses the answer of a message that was accepted.
//
// An account of X, LinkedIn or TikTok whose TokenExpired is set works again once its refresh token bought a new one.
//
// A Scenario is a conversation with such accidents, written as JSON and played step by step.
//
// # Time
//
// Config.Now and Config.After are the only sources of time, so a test moves 24 hours by moving a variable.
// The exceptions are guards against a server that hangs: the HTTP client's timeout, the ten seconds after which
// POST /simulator/messages and the autopilot wait no longer, and the minute after which a silent stream is dead.
//
// # Trust
//
// The controls ask for no password and a bot may point its webhook anywhere: serve it on loopback or inside a
// closed network only.
//
// # A further platform
//
// A platform is a dialect: the routes it serves, how it tells what a customer did, where its webhooks go or, where
// customers come to us by themselves, what they ask.
// Accounts, customers, faults, logs and delivery are shared and do not change for it. The package imports
// nothing of ours, so that an adapter is never checked against its own mistakes.
package simulator
