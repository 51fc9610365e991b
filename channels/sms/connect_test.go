package sms

import (
	"testing"

	"parley/channels"
	"parley/models"
)

const (
	ourNumber = `{"incoming_phone_numbers":[
		{"sid":"PN0","phone_number":"+120288311110","friendly_name":"longer","sms_url":""},
		{"sid":"PN1","phone_number":"+12028831111","friendly_name":"Teeladen","sms_url":"https://inbox.example.com/webhooks/sms/%2B12028831111"}]}`
	numberCall = "GET " + numbersPath + " PhoneNumber=%2B12028831111"
	webhook    = "https://inbox.example.com/webhooks/sms/%2B12028831111"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	active := answer{status: 200, body: `{"sid":"` + accountSID + `","status":"active","friendly_name":"Main"}`}

	t.Run("learns the name of a number", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{
			"GET " + accountPath + ".json": {active}, "GET " + numbersPath: {{status: 200, body: ourNumber}},
		})
		known, err := tw.adapter().Check(t.Context(), account)
		if err != nil || known.ID != account.ID || known.Name != "Teeladen" || known.Credentials.AccessToken != authToken {
			t.Errorf("learned %q %q, %v", known.ID, known.Name, err)
		}
		tw.called(t, "GET "+accountPath+".json", numberCall)
	})

	t.Run("learns the name of a service", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{
			"GET " + accountPath + ".json":   {active},
			"GET /messaging/v1/Services/MG1": {{status: 200, body: `{"sid":"MG1","friendly_name":"Pool"}`}},
		})
		known, err := tw.adapter().Check(t.Context(), channels.Account{ID: "MG1", Credentials: account.Credentials})
		if err != nil || known.Name != "Pool" {
			t.Errorf("learned %q, %v", known.Name, err)
		}
	})

	for name, c := range map[string]struct {
		account, numbers answer
		want             models.FailureReason
	}{
		"a wrong token":                    {answer{status: 401, body: `{"code":20003}`}, answer{}, models.AuthExpired},
		"a suspended account":              {answer{status: 200, body: `{"status":"suspended"}`}, answer{}, models.ChannelRestricted},
		"somebody else's number":           {active, answer{status: 200, body: `{"incoming_phone_numbers":[{"sid":"PN0","phone_number":"+120288311110"}]}`}, models.InvalidRequest},
		"half an answer about the account": {answer{status: 200, body: `{"sta`}, answer{}, models.Transient},
		"half an answer about the number":  {active, answer{status: 200, body: `{"inc`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			tw := twilioAnswering(t, map[string][]answer{
				"GET " + accountPath + ".json": {c.account}, "GET " + numbersPath: {c.numbers},
			})
			_, err := tw.adapter().Check(t.Context(), account)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	t.Run("registers the webhook of a number", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{
			"GET " + numbersPath: {{status: 200, body: ourNumber}}, "POST " + accountPath + "/IncomingPhoneNumbers/PN1.json": {{status: 200, body: `{}`}},
		})
		if err := tw.adapter().Subscribe(t.Context(), account, webhook); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		tw.called(t, numberCall, "POST "+accountPath+"/IncomingPhoneNumbers/PN1.json  "+
			"SmsApplicationSid=&SmsMethod=POST&SmsUrl=https%3A%2F%2Finbox.example.com%2Fwebhooks%2Fsms%2F%252B12028831111")
	})

	t.Run("registers the webhook of a service", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{
			"GET /messaging/v1/Services/MG1":  {{status: 200, body: `{"sid":"MG1"}`}},
			"POST /messaging/v1/Services/MG1": {{status: 200, body: `{"sid":"MG1"}`}},
		})
		pool := channels.Account{ID: "MG1", Credentials: account.Credentials}
		if err := tw.adapter().Subscribe(t.Context(), pool, "https://inbox.example.com/webhooks/sms/MG1"); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		tw.called(t, "GET /messaging/v1/Services/MG1", "POST /messaging/v1/Services/MG1  InboundMethod=POST&"+
			"InboundRequestUrl=https%3A%2F%2Finbox.example.com%2Fwebhooks%2Fsms%2FMG1&UseInboundWebhookOnNumber=false")
	})
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	t.Run("takes our address away", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{
			"GET " + numbersPath: {{status: 200, body: ourNumber}}, "POST " + accountPath + "/IncomingPhoneNumbers/PN1.json": {{status: 200, body: `{}`}},
		})
		if err := tw.adapter().Unsubscribe(t.Context(), account); err != nil {
			t.Fatalf("unsubscribe: %v", err)
		}
		tw.called(t, numberCall, "POST "+accountPath+"/IncomingPhoneNumbers/PN1.json  SmsUrl=")
	})

	t.Run("leaves somebody else's address alone", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{"GET " + numbersPath: {{status: 200, body: `{"incoming_phone_numbers":[
			{"sid":"PN1","phone_number":"+12028831111","sms_url":"https://other.example/sms"}]}`}}})
		if err := tw.adapter().Unsubscribe(t.Context(), account); err != nil {
			t.Fatalf("unsubscribe: %v", err)
		}
		tw.called(t, numberCall)
	})
}
