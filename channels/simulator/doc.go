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
//	/telegram/bot{token}/…     the Bot API: the base address is http://…/telegram in place of api.telegram.org
//	/telegram/file/bot{token}/ the files customers sent to a bot
//	/simulator/…               the controls, as JSON (see Handler)
//
// It refuses what the platform refuses, with the platform's own error: a wrong token, a text over the limit,
// free text outside the 24 hour window, a stranger, a customer who blocked us.
//
// # What it delivers
//
// WhatsApp webhooks go to {WebhookURL}/webhooks/whatsapp, signed over the exact bytes. Telegram updates go to
// the address given with setWebhook, with its secret token, the updates of one chat in order. A delivery that
// is not answered with 2xx is repeated, the pause doubling up to a bound, until Reset or Close abandons it.
//
// # What can go wrong
//
// SetFaults makes an account slow, duplicates or batches its webhooks, and reorders, delays or drops receipts.
// FailNext makes its next sends fail with a class of error, or loses the answer of a message that was accepted.
//
// # Time
//
// Config.Now and Config.After are the only sources of time, so a test moves 24 hours by moving a variable.
// The exceptions are two guards against a webhook that hangs: the HTTP client's timeout, and the ten seconds
// after which POST /simulator/messages and the autopilot wait no longer.
//
// # Trust
//
// The controls ask for no password and a bot may point its webhook anywhere: serve it on loopback or inside a
// closed network only.
//
// # A further platform
//
// A platform is a dialect: the routes it serves, how it tells what a customer did, where its webhooks go.
// Accounts, customers, faults, logs and delivery are shared and do not change for it. The package imports
// nothing of ours, so that an adapter is never checked against its own mistakes.
package simulator
