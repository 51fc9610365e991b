package simulator

import (
	"math/rand/v2"
	"slices"
)

// smallTalk picks what a customer is going to say, line by line, each after an answer.
func smallTalk(language string, random *rand.Rand) []string {
	talks := germanTalks
	if language == "en" {
		talks = englishTalks
	}
	return slices.Clone(talks[random.IntN(len(talks))])
}

// impatience is what a customer says who was never answered.
func impatience(language string) string {
	if language == "en" {
		return "Hello? Anyone there?"
	}
	return "Hallo? Kommt da noch was?"
}

var germanTalks = [][]string{
	{"Hallo, ist meine Bestellung schon unterwegs?", "Die Nummer ist 48213.", "Super, vielen Dank! 🙏"},
	{"Guten Tag, habt ihr die blaue Jacke auch in Größe M?", "Schade. Wann kommt sie wieder rein?", "Alles klar, ich schaue dann noch mal vorbei."},
	{"Moin! Wie lange habt ihr heute geöffnet?", "Perfekt, bis gleich 😊"},
	{"Ich möchte etwas zurückgeben. Wie geht das?", "Ja, die Rechnung habe ich noch.", "Danke für die schnelle Hilfe!"},
	{"Bei meinem Paket fehlt die Hälfte 😕", "Bestellt waren zwei Tassen, angekommen ist eine.", "Das ist nett, danke. Ich warte auf das Paket."},
	{"Kann ich die Lieferadresse noch ändern?", "Lindenweg 7, 04109 Leipzig bitte.", "Wunderbar, danke!"},
	{"Nehmt ihr auch Gutscheine aus dem Laden online an?", "Ah, gut zu wissen.", "Dann bestelle ich heute Abend."},
	{"Die Rechnung ist nicht bei mir angekommen.", "Die Mailadresse stimmt, ich habe auch im Spam geschaut.", "Jetzt ist sie da, danke!"},
	{"Ist der Tisch aus der Werbung aus echtem Holz?", "Und wie pflegt man den am besten?", "Überzeugt. Ich komme am Samstag vorbei."},
	{"Hallo? Ist da jemand?", "Ah, gut. Ich wollte nur fragen, ob ihr auch Geschenke einpackt.", "Toll, danke schön!"},
}

var englishTalks = [][]string{
	{"Hi, do you ship to Ireland?", "How long does that take?", "Great, thanks a lot!"},
	{"My order arrived with a scratch on the lid.", "Order 51877. I can send a photo.", "That's very kind, thank you."},
	{"Is the green backpack waterproof?", "And does a 15 inch laptop fit?", "Perfect, ordering it now 🎒"},
	{"Can I pick up my order in the store?", "Tomorrow around noon would be best.", "See you then!"},
	{"I was charged twice for the same order 😬", "It's order 50932, paid by card.", "Thanks for sorting it out so quickly."},
	{"Do you have gift cards?", "A 50 euro one would be lovely.", "Brilliant, cheers!"},
	{"What time do you close today?", "Thanks, that works for me."},
	{"The discount code from the newsletter does not work.", "It says SUMMER and nothing happens.", "Now it does. Thank you!"},
}

// People is a cast for an account that has no customers of its own. The phone numbers are from a range
// that Germany's Bundesnetzagentur keeps free for film and fiction (Mitteilung 148/2021: 030 23125 xxx).
func People(platform Platform) []Customer {
	cast := []Customer{
		{Name: "Erika Lindner", Username: "erika_l", Language: "de"},
		{Name: "Jonas Brandt", Username: "jbrandt", Language: "de"},
		{Name: "Aylin Kaya", Username: "aylink", Language: "de"},
		{Name: "Sean Murphy", Username: "seanm", Language: "en"},
		{Name: "Greta Hofer", Username: "greta_h", Language: "de"},
		{Name: "Priya Nair", Username: "priyan", Language: "en"},
		{Name: "Ole Petersen", Username: "olepet", Language: "de"},
		{Name: "Maja Sommer", Username: "majas", Language: "de"},
	}
	phones := []string{"493023125011", "493023125012", "493023125013", "493023125014",
		"493023125015", "493023125016", "493023125017", "493023125018"}
	users := []string{"710000011", "710000012", "710000013", "710000014",
		"710000015", "710000016", "710000017", "710000018"}
	for i := range cast {
		cast[i].ID = phones[i]
		switch platform {
		case Telegram:
			cast[i].ID = users[i]
		case SMS:
			cast[i].ID = "+" + phones[i]
		case Messenger:
			cast[i].ID = "customer-" + users[i]
		case WeChat:
			cast[i].ID = "oMgHVjngRipVsoxg6T-" + users[i]
		}
	}
	return cast
}
