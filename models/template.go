package models

// Template is a message whose wording the platform approved beforehand, with its blanks filled in.
type Template struct {
	Name       string   `json:"name"`
	Language   string   `json:"language"`             // as the platform writes it: "de", "en_US"
	Parameters []string `json:"parameters,omitempty"` // of the body, in order
}

func (t *Template) check() error {
	if t == nil {
		return nil
	}
	if t.Name == "" || len(t.Name) > 512 || t.Language == "" || len(t.Language) > 20 || len(t.Parameters) > 20 {
		return Refuse(InvalidInput, "template", "A template has a name of at most 512 bytes, a language, and at most 20 parameters.")
	}
	for _, p := range t.Parameters {
		if p == "" || len(p) > 1024 {
			return Refuse(InvalidInput, "template.parameters", "A parameter of a template has from 1 to 1,024 bytes.")
		}
	}
	return nil
}
