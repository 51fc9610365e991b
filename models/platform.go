package models

// Platform is a network a channel lives on.
type Platform string

// The platforms of the product. Which of them can be connected depends on the adapters the server was built with.
const (
	Facebook  Platform = "FACEBOOK"
	Instagram Platform = "INSTAGRAM"
	X         Platform = "X"
	LinkedIn  Platform = "LINKEDIN"
	WhatsApp  Platform = "WHATSAPP"
	Messenger Platform = "MESSENGER"
	TikTok    Platform = "TIKTOK"
	WeChat    Platform = "WECHAT"
	Telegram  Platform = "TELEGRAM"
	SMS       Platform = "SMS"
)

// Surface is the place on a platform where a conversation happens.
type Surface string

// The surfaces. AdComment is a comment on a paid post that no follower sees ("dark post").
const (
	PrivateMessage Surface = "PRIVATE_MESSAGE"
	Comment        Surface = "COMMENT"
	AdComment      Surface = "AD_COMMENT"
	WallPost       Surface = "WALL_POST"
	PostSurface    Surface = "POST"
	Mention        Surface = "MENTION"
)

// Visibility says who can read a message on the platform.
type Visibility string

// A public message can be read by anyone on the platform, a private one only by its two ends.
const (
	Public  Visibility = "PUBLIC"
	Private Visibility = "PRIVATE"
)

// Visibility of everything said on the surface.
func (s Surface) Visibility() Visibility {
	if s == PrivateMessage {
		return Private
	}
	return Public
}

// Direction says which way a message travelled.
type Direction string

// Inbound messages come from a contact, outbound ones from the organization, whatever app wrote them.
const (
	InboundMessage  Direction = "INBOUND"
	OutboundMessage Direction = "OUTBOUND"
)
