package whatsapp

import (
	"parley/channels/meta"
	"parley/models"
)

// Codes of the Cloud API: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
var reasons = meta.Reasons{Codes: map[int]models.FailureReason{
	131047: models.WindowClosed,

	4: models.RateLimited, 80007: models.RateLimited, 130429: models.RateLimited, 131048: models.RateLimited,
	131056: models.RateLimited, 131064: models.RateLimited, 133016: models.RateLimited,

	0: models.AuthExpired, 190: models.AuthExpired,

	3: models.PermissionMissing, 10: models.PermissionMissing, 131005: models.PermissionMissing,

	131050: models.RecipientBlocked,
	131021: models.RecipientUnreachable, 131026: models.RecipientUnreachable, 131030: models.RecipientUnreachable,
	131062: models.RecipientUnreachable, 137000: models.RecipientUnreachable,

	// Held back by Meta for its own reasons: an experiment, or a contact who gets too much marketing.
	130472: models.PlatformRefused, 131049: models.PlatformRefused,

	100: models.InvalidRequest, 131008: models.InvalidRequest, 131009: models.InvalidRequest,
	131051: models.InvalidRequest, 131052: models.InvalidRequest, 131053: models.InvalidRequest,

	132000: models.TemplateRefused, 132001: models.TemplateRefused, 132005: models.TemplateRefused,
	132007: models.TemplateRefused, 132008: models.TemplateRefused, 132012: models.TemplateRefused,
	132015: models.TemplateRefused, 132016: models.TemplateRefused, 132068: models.TemplateRefused,
	132069: models.TemplateRefused,

	368: models.ChannelRestricted, 130497: models.ChannelRestricted, 131031: models.ChannelRestricted,
	131037: models.ChannelRestricted, 131042: models.ChannelRestricted, 131045: models.ChannelRestricted,
	131063: models.ChannelRestricted,

	1: models.Transient, 2: models.Transient, 131000: models.Transient, 131016: models.Transient,
	131057: models.Transient, 135000: models.Transient,
}}
