-- +goose Up
SET LOCAL statement_timeout = 0;

-- A channel of a platform the plan no longer includes is on hold. What webhooks may miss is polled for; tokens that end are
-- renewed before.
ALTER TABLE channels
	ADD COLUMN poll_mark       TEXT    NOT NULL DEFAULT '',
	ADD COLUMN poll_due_at     TIMESTAMPTZ,
	ADD COLUMN poll_failures   INTEGER NOT NULL DEFAULT 0,
	ADD COLUMN token_due_at    TIMESTAMPTZ,
	ADD COLUMN token_failures  INTEGER NOT NULL DEFAULT 0,
	DROP CONSTRAINT channels_status,
	ADD CONSTRAINT channels_status CHECK (status IN ('CONNECTED', 'NEEDS_ATTENTION', 'ON_HOLD', 'DISCONNECTED'));
CREATE INDEX channels_poll_due ON channels (poll_due_at) WHERE poll_due_at IS NOT NULL;
CREATE INDEX channels_token_due ON channels (token_due_at) WHERE token_due_at IS NOT NULL;

-- What the platform did not say of a post is asked for.
ALTER TABLE posts
	ADD COLUMN author_id     TEXT    NOT NULL DEFAULT '',
	ADD COLUMN media_kind    TEXT    NOT NULL DEFAULT '',
	ADD COLUMN media_url     TEXT    NOT NULL DEFAULT '',
	ADD COLUMN promotion     TEXT    NOT NULL DEFAULT '',
	ADD COLUMN ad_id         TEXT    NOT NULL DEFAULT '',
	ADD COLUMN due_at        TIMESTAMPTZ,
	ADD COLUMN attempt_count INTEGER NOT NULL DEFAULT 0,
	ADD CONSTRAINT posts_promotion CHECK (promotion IN ('', 'ORGANIC', 'BOOSTED', 'DARK'));
CREATE INDEX posts_due ON posts (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE conversations
	ADD COLUMN origin_message_id    TEXT,        -- the comment a private reply began this with
	ADD COLUMN window_anchor_at     TIMESTAMPTZ, -- when the contact did what the window counts from
	ADD COLUMN window_messages_left INTEGER;     -- null: any number
CREATE INDEX conversations_by_post ON conversations (organization_id, post_id) WHERE post_id IS NOT NULL;
UPDATE conversations SET window_anchor_at = window_expires_at - INTERVAL '24 hours' WHERE window_expires_at IS NOT NULL;

ALTER TABLE messages
	ADD COLUMN reply_mode       TEXT NOT NULL DEFAULT '', -- empty: as its template says
	ADD COLUMN private_reply_to TEXT,                     -- the comment it answers in private
	ADD COLUMN hidden_at        TIMESTAMPTZ,
	ADD COLUMN liked_at         TIMESTAMPTZ,              -- by us
	ADD COLUMN own_reaction     TEXT NOT NULL DEFAULT '';
-- Platforms take one private reply to a comment.
CREATE UNIQUE INDEX messages_private_reply_key ON messages (organization_id, private_reply_to)
	WHERE private_reply_to IS NOT NULL AND status <> 'FAILED';

-- What we do with a message on its platform, beside answering: the row is the job.
CREATE TABLE message_actions (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	message_id      TEXT        NOT NULL,
	kind            TEXT        NOT NULL,
	emoji           TEXT        NOT NULL DEFAULT '',
	text            TEXT        NOT NULL DEFAULT '',
	status          TEXT        NOT NULL,
	requested_by    TEXT,       -- null: the system
	attempt_count   INTEGER     NOT NULL DEFAULT 0,
	failure_reason  TEXT        NOT NULL DEFAULT '',
	failure_code    TEXT        NOT NULL DEFAULT '',
	failure_message TEXT        NOT NULL DEFAULT '',
	created_at      TIMESTAMPTZ NOT NULL,
	finished_at     TIMESTAMPTZ,
	due_at          TIMESTAMPTZ,
	CONSTRAINT message_actions_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT message_actions_message FOREIGN KEY (organization_id, message_id)
		REFERENCES messages (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT message_actions_status CHECK (status IN ('QUEUED', 'DONE', 'FAILED'))
);
CREATE INDEX message_actions_by_message ON message_actions (organization_id, message_id, id);
CREATE INDEX message_actions_due ON message_actions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_actions_queue ON message_actions (organization_id, message_id, id) WHERE due_at IS NOT NULL;

ALTER TABLE message_actions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON message_actions USING (organization_id = current_setting('app.organization_id', TRUE))
	WITH CHECK (organization_id = current_setting('app.organization_id', TRUE));
GRANT SELECT, INSERT, UPDATE, DELETE ON message_actions TO parley_app;

-- Elements whose words have to be fetched wait here too, and what arrives for a channel on hold.
ALTER TABLE quarantine
	ADD COLUMN attempt_count INTEGER NOT NULL DEFAULT 0,
	DROP CONSTRAINT quarantine_reason,
	ADD CONSTRAINT quarantine_reason CHECK (reason IN ('INBOX_DEACTIVATED', 'CHANNEL_ON_HOLD', 'INCOMPLETE', 'UNREADABLE', 'REFUSED'));
