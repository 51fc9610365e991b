package simulator

import "fmt"

// prepare finds the accounts of a scenario and introduces its customers.
func (s *Simulator) prepare(sc Scenario) (*play, error) {
	if err := sc.check(); err != nil {
		return nil, err
	}
	p := &play{Scenario: sc, sim: s, accounts: map[string]Account{}, names: map[string]named{},
		since: map[Account]mark{}, troubled: map[Account]bool{}}
	for name, person := range sc.Customers {
		a, err := p.account(person.Account)
		if err == nil {
			err = s.AddCustomer(a, person.Customer)
		}
		if err != nil {
			return nil, fmt.Errorf("customer %q: %w", name, err)
		}
	}
	for i, step := range sc.Steps {
		for _, name := range step.accountNames() {
			if _, err := p.account(name); err != nil {
				return nil, fmt.Errorf("step %d: %w", i+1, err)
			}
		}
	}
	return p, nil
}

// account finds the account that the scenario calls so: the only one of its platform unless it says the id.
func (p *play) account(name string) (Account, error) {
	if a, known := p.accounts[name]; known {
		return a, nil
	}
	selector := name
	if named, ok := p.Accounts[name]; ok {
		selector = named
	}
	platform, id, err := selectAccount(selector)
	if err != nil {
		return Account{}, err
	}
	var found []Account
	for _, a := range p.sim.Accounts() {
		if a.Platform == platform && (id == "" || a.ID == id) {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		return Account{}, fmt.Errorf("%d accounts are %q here: it must be one", len(found), selector)
	}
	p.accounts[name] = found[0]
	return found[0], nil
}

// accountNames are the accounts a step names itself.
func (step Step) accountNames() []string {
	switch {
	case step.Expect != nil && step.Expect.Account != "":
		return []string{step.Expect.Account}
	case step.Told != nil:
		return []string{step.Told.Account}
	case step.Post != nil:
		return []string{step.Post.Account}
	case step.Faults != nil:
		return []string{step.Faults.Account}
	case step.Flush != nil:
		return []string{step.Flush.Account}
	}
	return nil
}
