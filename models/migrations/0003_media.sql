-- +goose Up
SET LOCAL statement_timeout = 0;

-- A file beside a message: a contact's, to be brought here from its platform, or uploaded by a member or a visitor to be sent.
-- The row is the job; the bytes are in a storage under the organization's and the row's id.
CREATE TABLE media (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	channel_id      TEXT,                 -- null until a member's upload is sent
	message_id      TEXT,                 -- null until an upload is sent
	kind            TEXT        NOT NULL,
	source_url      TEXT        NOT NULL DEFAULT '', -- where the platform serves it
	source_id       TEXT        NOT NULL DEFAULT '', -- the platform's handle
	mime_type       TEXT        NOT NULL DEFAULT '',
	filename        TEXT        NOT NULL DEFAULT '',
	size_bytes      BIGINT      NOT NULL DEFAULT 0,
	sha256          TEXT        NOT NULL DEFAULT '', -- of what is stored, or being stored
	status          TEXT        NOT NULL,
	failure         TEXT        NOT NULL DEFAULT '',
	attempt_count   INTEGER     NOT NULL DEFAULT 0,
	due_at          TIMESTAMPTZ,          -- to be fetched, or deleted
	uploaded_by     TEXT,                 -- the member
	visitor_id      TEXT,                 -- … or the visitor of a widget; both null: a platform told us of it
	created_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT media_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT media_channel FOREIGN KEY (organization_id, channel_id) REFERENCES channels (organization_id, id),
	-- No cascade: a row that went with its message would leave its file behind.
	CONSTRAINT media_message FOREIGN KEY (organization_id, message_id) REFERENCES messages (organization_id, id),
	CONSTRAINT media_uploader FOREIGN KEY (organization_id, uploaded_by) REFERENCES memberships (organization_id, user_id),
	CONSTRAINT media_status CHECK (status IN ('UPLOADING', 'PENDING', 'STORED', 'FAILED', 'DELETED')),
	CONSTRAINT media_failure CHECK ((status = 'FAILED') = (failure <> ''))
);
CREATE INDEX media_by_message ON media (organization_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX media_unsent ON media (organization_id, uploaded_by, visitor_id)
	WHERE message_id IS NULL AND status IN ('UPLOADING', 'STORED');
CREATE INDEX media_due ON media (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE media ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON media USING (organization_id = current_setting('app.organization_id', TRUE))
	WITH CHECK (organization_id = current_setting('app.organization_id', TRUE));
GRANT SELECT, INSERT, UPDATE, DELETE ON media TO parley_app;

ALTER TABLE attachments
	ADD COLUMN media_ref TEXT, -- null where there is no file: places, persons, shares, what a platform fetches from elsewhere
	ADD CONSTRAINT attachments_media FOREIGN KEY (organization_id, media_ref) REFERENCES media (organization_id, id);
