package simulator

import (
	"net/http"
	"regexp"
)

// WhatsAppTemplate is a text Meta approved for writing outside the window.
type WhatsAppTemplate struct {
	Name     string
	Language string
	// Category is MARKETING, UTILITY or AUTHENTICATION; UTILITY when empty.
	Category string
	// Body holds its blanks as {{1}}, {{2}}.
	Body string
}

// templateCall is the template part of a message.
type templateCall struct {
	Name     string `json:"name"`
	Language struct {
		Code string `json:"code"`
	} `json:"language"`
	Components []struct {
		Type       string   `json:"type"`
		Parameters []object `json:"parameters"`
	} `json:"components"`
}

var templateBlank = regexp.MustCompile(`\{\{[^}]+\}\}`)

// checkTemplate refuses what Meta never approved, and blanks that do not match.
func (n *whatsAppNumber) checkTemplate(call templateCall) error {
	if call.Name == "" || call.Language.Code == "" {
		return parameterError(131008, "A template needs its name and language.")
	}
	if n.Templates == nil {
		return nil
	}
	for _, t := range n.Templates {
		if t.Name == call.Name && t.Language == call.Language.Code {
			return t.checkBlanks(call)
		}
	}
	return graphError{status: 404, code: 132001, message: "(#132001) Template name does not exist in the translation",
		details: "There is no approved template of this name in this language."}
}

func (t WhatsAppTemplate) checkBlanks(call templateCall) error {
	given := 0
	for _, component := range call.Components {
		if component.Type == "body" {
			given += len(component.Parameters)
		}
	}
	if given != len(templateBlank.FindAllString(t.Body, -1)) {
		return graphError{status: 400, code: 132000, message: "(#132000) Number of parameters does not match",
			details: "The body has not as many blanks as were filled."}
	}
	return nil
}

func (t WhatsAppTemplate) category() string {
	if t.Category == "" {
		return "UTILITY"
	}
	return t.Category
}

// serveTemplates lists the approved templates of a business account.
func (d *whatsApp) serveTemplates(w http.ResponseWriter, r *http.Request) {
	mine, ok := d.caller(w, r)
	if !ok {
		return
	}
	for _, n := range mine {
		if n.WABA == r.PathValue("id") {
			d.sim.slow(r, n.account)
			answerJSON(w, http.StatusOK, object{"data": n.listTemplates(), "paging": object{}})
			return
		}
	}
	refuseWhatsApp(w, graphMissing(r.PathValue("id")))
}

func (n *whatsAppNumber) listTemplates() []object {
	list := []object{}
	for _, t := range n.Templates {
		list = append(list, object{
			"name": t.Name, "language": t.Language, "category": t.category(), "status": "APPROVED",
			"components": []object{{"type": "BODY", "text": t.Body}},
		})
	}
	return list
}
