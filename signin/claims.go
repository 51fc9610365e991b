package signin

// claims are what we take from what a provider says of a person.
type claims struct {
	Subject         string   `json:"sub"`
	Email           string   `json:"email"`
	EmailVerified   verified `json:"email_verified"`
	AuthorizedParty string   `json:"azp"`
}

// verified is a claim some providers write as a string.
type verified bool

// UnmarshalJSON takes nothing but true for true.
func (v *verified) UnmarshalJSON(b []byte) error {
	*v = string(b) == `true` || string(b) == `"true"`
	return nil
}
