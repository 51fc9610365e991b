-- +goose Up
SET LOCAL statement_timeout = 0;

-- Who may show a widget: the pages of these origins, beside the channel it belongs to.
CREATE TABLE widgets (
	organization_id TEXT        NOT NULL,
	channel_id      TEXT        NOT NULL,
	allowed_origins JSONB       NOT NULL DEFAULT '[]',
	changed_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT widgets_pkey PRIMARY KEY (organization_id, channel_id),
	CONSTRAINT widgets_channel FOREIGN KEY (organization_id, channel_id)
		REFERENCES channels (organization_id, id) ON DELETE CASCADE
);

-- A browser that talks to us through a widget, with its token. Whom it belongs to is a contact's identity from the first
-- message on: by the id of the row, or by the id the widget's site vouches for.
CREATE TABLE visitors (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	channel_id      TEXT        NOT NULL,
	customer_id     TEXT,                           -- null: anonymous
	name            TEXT        NOT NULL DEFAULT '',
	was_anonymous   BOOLEAN     NOT NULL DEFAULT FALSE, -- before the site vouched for them
	hash            BYTEA       NOT NULL,           -- of the token
	created_at      TIMESTAMPTZ NOT NULL,
	expires_at      TIMESTAMPTZ NOT NULL,
	ended_at        TIMESTAMPTZ,
	CONSTRAINT visitors_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT visitors_channel FOREIGN KEY (organization_id, channel_id)
		REFERENCES channels (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX visitors_hash_key ON visitors (organization_id, hash);
CREATE INDEX visitors_by_channel ON visitors (organization_id, channel_id);
CREATE INDEX visitors_by_end ON visitors (organization_id, expires_at);

-- +goose StatementBegin
DO $$
DECLARE
	t TEXT;
BEGIN
	FOREACH t IN ARRAY ARRAY['widgets', 'visitors'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format(
			'CREATE POLICY tenant ON %I USING (organization_id = current_setting(''app.organization_id'', TRUE)) '
			'WITH CHECK (organization_id = current_setting(''app.organization_id'', TRUE))', t);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO parley_app', t);
	END LOOP;
END $$;
-- +goose StatementEnd
