package live

import "parley/models"

// Show has a stage that is followed work out events once more.
func (h *Hub) Show(organizationID string, events []models.Event) {
	h.mu.Lock()
	s := h.stages[organizationID]
	h.mu.Unlock()
	s.mu.Lock()
	groups := s.open(func(show *show) bool { return show.source.event != nil })
	s.mu.Unlock()
	s.answer(groups, events)
}
