package simulator

import "strings"

// graphField is one field of a fields parameter, such as media{id,permalink} or
// mentioned_comment.comment_id(17){text}.
type graphField struct {
	name     string
	argument string
	inner    string
}

// mostFields is how many fields one call may name.
const mostFields = 100

// readFields reads a fields parameter; what stands in brackets is kept for later.
func readFields(list string) []graphField {
	var fields []graphField
	depth, start := 0, 0
	for i := 0; i <= len(list) && len(fields) < mostFields; i++ {
		switch {
		case i == len(list) || list[i] == ',' && depth == 0:
			if text := strings.TrimSpace(list[start:i]); text != "" {
				fields = append(fields, readField(text))
			}
			start = i + 1
		case list[i] == '{' || list[i] == '(':
			depth++
		case list[i] == '}' || list[i] == ')':
			depth--
		}
	}
	return fields
}

func readField(text string) graphField {
	var f graphField
	if before, inner, ok := strings.Cut(text, "{"); ok {
		text, f.inner = before, strings.TrimSuffix(inner, "}")
	}
	if before, argument, ok := strings.Cut(text, "("); ok {
		text, f.argument = before, strings.TrimSuffix(argument, ")")
	}
	f.name, _, _ = strings.Cut(text, ".")
	return f
}

// pick keeps the fields that were asked for; the id always comes along.
func pick(all object, fields string) object {
	chosen := object{}
	if id, ok := all["id"]; ok {
		chosen["id"] = id
	}
	for _, f := range readFields(fields) {
		if value, ok := all[f.name]; ok {
			chosen[f.name] = pickInner(value, f.inner)
		}
	}
	return chosen
}

func pickInner(value any, fields string) any {
	whole, ok := value.(object)
	if !ok || fields == "" {
		return value
	}
	list, ok := whole["data"].([]object)
	if !ok {
		return pick(whole, fields)
	}
	chosen := make([]object, len(list))
	for i, element := range list {
		chosen[i] = pick(element, fields)
	}
	return object{"data": chosen}
}
