package graph

import "parley/models"

// accessWanted is to which channels a member is to be limited; nil: to none.
func accessWanted(channelIDs []string, every bool) ([]string, error) {
	if every == (channelIDs != nil) {
		return nil, models.Refuse(models.InvalidInput, "channelIds", "Name the channels, or say that it is every channel.")
	}
	return channelIDs, nil
}
