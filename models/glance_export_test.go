package models

// Leaf is the statement that reads a page of conversations, and whether the database keeps its plan at a glance.
func (tx *Tx) Leaf(f ConversationFilter, sort ConversationSort, p Page) (text string, args []any, steady bool, err error) {
	l, err := tx.conversations(allOfConversations, f, sort, p)
	if err != nil {
		return "", nil, false, err
	}
	return l.text(l.sort(), l.size+1), l.args, l.steady, nil
}
