-- +goose Up
SET LOCAL statement_timeout = 0;

-- The search index leads with the organization, like every other: that needs text beside tsvector in one GIN index.
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- The door works as this role: it owns nothing and cannot bypass row-level security.
-- +goose StatementBegin
DO $$
BEGIN
	CREATE ROLE parley_app NOLOGIN NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
	NULL; -- roles belong to the cluster: another database of ours made it
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
BEGIN
	EXECUTE format('GRANT parley_app TO %I', current_user);
END $$;
-- +goose StatementEnd

CREATE TABLE users (
	id            TEXT        NOT NULL,
	email         TEXT        NOT NULL,
	name          TEXT        NOT NULL,
	created_at    TIMESTAMPTZ NOT NULL,
	CONSTRAINT users_pkey PRIMARY KEY (id),
	CONSTRAINT users_email_key UNIQUE (email),
	CONSTRAINT users_email_lower CHECK (email = lower(email))
);

-- Apart from users, so that nothing inside the wall can read a hash.
CREATE TABLE passwords (
	user_id    TEXT        NOT NULL,
	hash       TEXT        NOT NULL,
	changed_at TIMESTAMPTZ NOT NULL,
	CONSTRAINT passwords_pkey PRIMARY KEY (user_id),
	CONSTRAINT passwords_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE organizations (
	id                     TEXT        NOT NULL,
	name                   TEXT        NOT NULL,
	plan                   TEXT        NOT NULL DEFAULT 'STANDARD',
	inbox_status           TEXT        NOT NULL DEFAULT 'ACTIVE',
	inbox_opened_at        TIMESTAMPTZ NOT NULL, -- the three kinds of activity …
	human_replied_at       TIMESTAMPTZ,
	auto_replied_at        TIMESTAMPTZ,
	deactivated_at         TIMESTAMPTZ,
	inactivity_warned_days INTEGER     NOT NULL DEFAULT 0, -- the smallest warning given since the last activity; 0: none
	inactivity_due_at      TIMESTAMPTZ,                    -- when the rule is to be looked at again
	last_event_seq         BIGINT      NOT NULL DEFAULT 0,
	forgotten_event_seq    BIGINT      NOT NULL DEFAULT 0, -- events up to here are past their retention
	events_due_at          TIMESTAMPTZ,                    -- when old events are to be forgotten
	created_at             TIMESTAMPTZ NOT NULL,
	CONSTRAINT organizations_pkey PRIMARY KEY (id),
	CONSTRAINT organizations_plan CHECK (plan IN ('STANDARD', 'ENTERPRISE')),
	CONSTRAINT organizations_inbox_status CHECK (inbox_status IN ('ACTIVE', 'DEACTIVATED'))
);
CREATE INDEX organizations_inactivity_due ON organizations (inactivity_due_at) WHERE inactivity_due_at IS NOT NULL;
CREATE INDEX organizations_events_due ON organizations (events_due_at) WHERE events_due_at IS NOT NULL;

CREATE TABLE memberships (
	organization_id TEXT        NOT NULL,
	user_id         TEXT        NOT NULL,
	role            TEXT        NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	removed_at      TIMESTAMPTZ, -- the row stays: what the person wrote keeps its author
	CONSTRAINT memberships_pkey PRIMARY KEY (organization_id, user_id),
	CONSTRAINT memberships_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
	CONSTRAINT memberships_user FOREIGN KEY (user_id) REFERENCES users (id),
	CONSTRAINT memberships_role CHECK (role IN ('OWNER', 'ADMIN', 'SUPERVISOR', 'AGENT', 'VIEWER'))
);
-- Signing in asks which organizations a user belongs to.
CREATE INDEX memberships_by_user ON memberships (user_id) WHERE removed_at IS NULL;

CREATE TABLE tokens (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	user_id         TEXT        NOT NULL,
	kind            TEXT        NOT NULL,
	name            TEXT        NOT NULL DEFAULT '',
	hash            BYTEA       NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	expires_at      TIMESTAMPTZ,
	revoked_at      TIMESTAMPTZ,
	CONSTRAINT tokens_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT tokens_membership FOREIGN KEY (organization_id, user_id)
		REFERENCES memberships (organization_id, user_id),
	CONSTRAINT tokens_kind CHECK (kind IN ('SESSION', 'API'))
);
CREATE UNIQUE INDEX tokens_hash_key ON tokens (organization_id, hash);
CREATE INDEX tokens_by_user ON tokens (organization_id, user_id, id);

CREATE TABLE teams (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	name            TEXT        NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT teams_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT teams_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
	CONSTRAINT teams_name_key UNIQUE (organization_id, name)
);

CREATE TABLE team_members (
	organization_id TEXT NOT NULL,
	team_id         TEXT NOT NULL,
	user_id         TEXT NOT NULL,
	CONSTRAINT team_members_pkey PRIMARY KEY (organization_id, team_id, user_id),
	CONSTRAINT team_members_team FOREIGN KEY (organization_id, team_id)
		REFERENCES teams (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT team_members_membership FOREIGN KEY (organization_id, user_id)
		REFERENCES memberships (organization_id, user_id)
);
CREATE INDEX team_members_by_user ON team_members (organization_id, user_id);

CREATE TABLE channels (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	platform        TEXT        NOT NULL,
	account_id      TEXT        NOT NULL,
	name            TEXT        NOT NULL,
	status          TEXT        NOT NULL,
	status_reason   TEXT        NOT NULL DEFAULT '',
	when_resolved   TEXT        NOT NULL DEFAULT 'REOPEN',
	credentials     BYTEA       NOT NULL,
	version         INTEGER     NOT NULL DEFAULT 1,
	created_at      TIMESTAMPTZ NOT NULL,
	disconnected_at TIMESTAMPTZ,
	CONSTRAINT channels_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT channels_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
	CONSTRAINT channels_status CHECK (status IN ('CONNECTED', 'NEEDS_ATTENTION', 'DISCONNECTED')),
	CONSTRAINT channels_when_resolved CHECK (when_resolved IN ('REOPEN', 'START_NEW'))
);

-- Where a platform's delivery belongs: read before any organization is known, so it leads with the account.
CREATE TABLE channel_routes (
	platform        TEXT NOT NULL,
	account_id      TEXT NOT NULL,
	organization_id TEXT NOT NULL,
	channel_id      TEXT NOT NULL,
	CONSTRAINT channel_routes_pkey PRIMARY KEY (platform, account_id),
	CONSTRAINT channel_routes_channel FOREIGN KEY (organization_id, channel_id)
		REFERENCES channels (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX channel_routes_by_channel ON channel_routes (organization_id, channel_id);

CREATE TABLE contacts (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	name            TEXT        NOT NULL DEFAULT '',
	created_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT contacts_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT contacts_organization FOREIGN KEY (organization_id) REFERENCES organizations (id)
);

-- The words of a text, for search. Left alone, PostgreSQL keeps addresses, dates and signed numbers whole, and nobody would
-- find 1234 in order AB-1234: punctuation separates, as it does in what is searched for.
CREATE FUNCTION words_of(said TEXT) RETURNS TSVECTOR
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN to_tsvector('simple', translate(said, $$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$$, repeat(' ', 32)));

CREATE TABLE contact_identities (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	contact_id      TEXT        NOT NULL,
	channel_id      TEXT        NOT NULL,
	external_id     TEXT        NOT NULL,
	alt_external_id TEXT,
	name            TEXT        NOT NULL DEFAULT '',
	handle          TEXT        NOT NULL DEFAULT '',
	language        TEXT        NOT NULL DEFAULT '',
	opted_out_at    TIMESTAMPTZ,
	opt_changed_at  TIMESTAMPTZ, -- the platform's time of the newest opt-out or opt-in
	created_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT contact_identities_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT contact_identities_external_key UNIQUE (organization_id, channel_id, external_id),
	CONSTRAINT contact_identities_contact FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id),
	CONSTRAINT contact_identities_channel FOREIGN KEY (organization_id, channel_id) REFERENCES channels (organization_id, id)
);
CREATE UNIQUE INDEX contact_identities_alt_key ON contact_identities (organization_id, channel_id, alt_external_id)
	WHERE alt_external_id IS NOT NULL;
CREATE INDEX contact_identities_by_contact ON contact_identities (organization_id, contact_id);
CREATE INDEX contact_identities_search ON contact_identities
	USING gin (organization_id, words_of(name || ' ' || handle || ' ' || external_id));

-- A post conversations are about, or that was assigned from a stream.
CREATE TABLE posts (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	channel_id      TEXT        NOT NULL,
	external_id     TEXT        NOT NULL,
	permalink       TEXT        NOT NULL DEFAULT '',
	text            TEXT        NOT NULL DEFAULT '',
	author_name     TEXT        NOT NULL DEFAULT '',
	published_at    TIMESTAMPTZ,
	created_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT posts_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT posts_external_key UNIQUE (organization_id, channel_id, external_id),
	CONSTRAINT posts_channel FOREIGN KEY (organization_id, channel_id) REFERENCES channels (organization_id, id)
);

CREATE TABLE conversations (
	organization_id    TEXT        NOT NULL,
	id                 TEXT        NOT NULL,
	channel_id         TEXT        NOT NULL,
	platform           TEXT        NOT NULL, -- the channel's, kept here for filters
	contact_id         TEXT        NOT NULL,
	identity_id        TEXT        NOT NULL,
	post_id            TEXT,
	surface            TEXT        NOT NULL,
	thread_key         TEXT        NOT NULL,
	status             TEXT        NOT NULL,
	status_reason      TEXT        NOT NULL DEFAULT '',
	status_comment     TEXT        NOT NULL DEFAULT '',
	status_changed_at  TIMESTAMPTZ NOT NULL,
	assignee_user_id   TEXT,
	assignee_team_id   TEXT,
	last_message_id    TEXT,
	last_inbound_id    TEXT,
	last_activity_at   TIMESTAMPTZ NOT NULL,
	waiting_since      TIMESTAMPTZ, -- the oldest inbound message nobody answered
	unread_count       INTEGER     NOT NULL DEFAULT 0,
	window_expires_at  TIMESTAMPTZ,
	window_notice      TEXT        NOT NULL DEFAULT '', -- what was last announced of this window
	window_due_at      TIMESTAMPTZ,                     -- when the next announcement is due
	version            INTEGER     NOT NULL DEFAULT 1,
	created_at         TIMESTAMPTZ NOT NULL,
	CONSTRAINT conversations_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT conversations_channel FOREIGN KEY (organization_id, channel_id) REFERENCES channels (organization_id, id),
	CONSTRAINT conversations_contact FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id),
	CONSTRAINT conversations_identity FOREIGN KEY (organization_id, identity_id) REFERENCES contact_identities (organization_id, id),
	CONSTRAINT conversations_post FOREIGN KEY (organization_id, post_id) REFERENCES posts (organization_id, id),
	CONSTRAINT conversations_assignee FOREIGN KEY (organization_id, assignee_user_id)
		REFERENCES memberships (organization_id, user_id),
	CONSTRAINT conversations_team FOREIGN KEY (organization_id, assignee_team_id) REFERENCES teams (organization_id, id),
	CONSTRAINT conversations_status CHECK (status IN ('NEW', 'PENDING', 'RESOLVED'))
);
-- One open conversation for a thread: two first messages at once cannot make two.
CREATE UNIQUE INDEX conversations_open_key ON conversations (organization_id, channel_id, surface, thread_key)
	WHERE status <> 'RESOLVED';
CREATE INDEX conversations_by_thread ON conversations (organization_id, channel_id, surface, thread_key, id);
CREATE INDEX conversations_by_identity ON conversations (organization_id, identity_id, surface, id);
CREATE INDEX conversations_newest ON conversations (organization_id, last_activity_at, id);
CREATE INDEX conversations_status_newest ON conversations (organization_id, status, last_activity_at, id);
CREATE INDEX conversations_channel_newest ON conversations (organization_id, channel_id, last_activity_at, id);
CREATE INDEX conversations_user_newest ON conversations (organization_id, assignee_user_id, last_activity_at, id);
CREATE INDEX conversations_team_newest ON conversations (organization_id, assignee_team_id, last_activity_at, id);
CREATE INDEX conversations_waiting ON conversations (organization_id, waiting_since, id) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversations_window ON conversations (organization_id, window_expires_at, id) WHERE window_expires_at IS NOT NULL;
CREATE INDEX conversations_by_contact ON conversations (organization_id, contact_id, id);
CREATE INDEX conversations_window_due ON conversations (window_due_at) WHERE window_due_at IS NOT NULL;

CREATE TABLE messages (
	organization_id      TEXT        NOT NULL,
	id                   TEXT        NOT NULL,
	conversation_id      TEXT        NOT NULL,
	channel_id           TEXT        NOT NULL,
	external_id          TEXT, -- unknown until the platform accepted an outbound message
	direction            TEXT        NOT NULL,
	visibility           TEXT        NOT NULL,
	author_user_id       TEXT, -- null when a contact wrote it, or another app of the account
	author_identity_id   TEXT,
	text                 TEXT        NOT NULL DEFAULT '',
	details              JSONB       NOT NULL DEFAULT '{}',
	template             JSONB,
	reply_to_external_id TEXT        NOT NULL DEFAULT '',
	platform_at          TIMESTAMPTZ, -- the platform's time
	created_at           TIMESTAMPTZ NOT NULL, -- ours
	edited_at            TIMESTAMPTZ,
	deleted_at           TIMESTAMPTZ,
	status               TEXT, -- of delivery; null for inbound
	failure_reason       TEXT        NOT NULL DEFAULT '',
	failure_code         TEXT        NOT NULL DEFAULT '',
	failure_message      TEXT        NOT NULL DEFAULT '',
	sent_at              TIMESTAMPTZ,
	delivered_at         TIMESTAMPTZ,
	read_at              TIMESTAMPTZ,
	failed_at            TIMESTAMPTZ,
	attempt_count        INTEGER     NOT NULL DEFAULT 0,
	retry_count          INTEGER     NOT NULL DEFAULT 0, -- of the current round: a person's retry starts a new one
	due_at               TIMESTAMPTZ,                    -- when a worker must look at it; null: nothing to do
	CONSTRAINT messages_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT messages_external_key UNIQUE (organization_id, channel_id, external_id),
	CONSTRAINT messages_conversation FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id),
	CONSTRAINT messages_status CHECK (status IN ('QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED')),
	CONSTRAINT messages_direction CHECK ((direction = 'INBOUND') = (status IS NULL))
);
CREATE INDEX messages_timeline ON messages (organization_id, conversation_id, created_at, id);
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_queue ON messages (organization_id, conversation_id, id) WHERE due_at IS NOT NULL;
CREATE INDEX messages_search ON messages USING gin (organization_id, words_of(text));

-- Search runs as the owner: under row-level security an operator that is not leakproof cannot use an index.
-- The wall stands in its text instead.
CREATE FUNCTION search_conversations(words TSQUERY) RETURNS TABLE (conversation_id TEXT)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
	AS $$
		SELECT m.conversation_id
		FROM messages m
		WHERE m.organization_id = current_setting('app.organization_id')
		  AND words_of(m.text) @@ words
		  AND m.deleted_at IS NULL
		UNION
		SELECT c.id
		FROM contact_identities i
		JOIN conversations c ON c.organization_id = i.organization_id AND c.contact_id = i.contact_id
		WHERE i.organization_id = current_setting('app.organization_id')
		  AND words_of(i.name || ' ' || i.handle || ' ' || i.external_id) @@ words
	$$;
REVOKE ALL ON FUNCTION search_conversations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_conversations TO parley_app;

CREATE TABLE attachments (
	organization_id TEXT    NOT NULL,
	message_id      TEXT    NOT NULL,
	position        INTEGER NOT NULL,
	kind            TEXT    NOT NULL,
	url             TEXT    NOT NULL DEFAULT '',
	media_id        TEXT    NOT NULL DEFAULT '',
	mime_type       TEXT    NOT NULL DEFAULT '',
	filename        TEXT    NOT NULL DEFAULT '',
	size_bytes      BIGINT  NOT NULL DEFAULT 0,
	sha256          TEXT    NOT NULL DEFAULT '',
	voice           BOOLEAN NOT NULL DEFAULT FALSE,
	animated        BOOLEAN NOT NULL DEFAULT FALSE,
	name            TEXT    NOT NULL DEFAULT '',
	address         TEXT    NOT NULL DEFAULT '',
	latitude        DOUBLE PRECISION,
	longitude       DOUBLE PRECISION,
	phones          JSONB,
	CONSTRAINT attachments_pkey PRIMARY KEY (organization_id, message_id, position),
	CONSTRAINT attachments_message FOREIGN KEY (organization_id, message_id) REFERENCES messages (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE reactions (
	organization_id TEXT        NOT NULL,
	message_id      TEXT        NOT NULL,
	identity_id     TEXT        NOT NULL,
	emoji           TEXT        NOT NULL, -- empty: taken away; the row keeps the time, so that an older one cannot come back
	reacted_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT reactions_pkey PRIMARY KEY (organization_id, message_id, identity_id),
	CONSTRAINT reactions_message FOREIGN KEY (organization_id, message_id) REFERENCES messages (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE delivery_attempts (
	organization_id     TEXT        NOT NULL,
	message_id          TEXT        NOT NULL,
	number              INTEGER     NOT NULL, -- from 1
	started_at          TIMESTAMPTZ NOT NULL,
	finished_at         TIMESTAMPTZ,
	external_id         TEXT        NOT NULL DEFAULT '',
	http_status         INTEGER     NOT NULL DEFAULT 0,
	platform_request_id TEXT        NOT NULL DEFAULT '',
	failure_reason      TEXT        NOT NULL DEFAULT '',
	failure_code        TEXT        NOT NULL DEFAULT '',
	failure_message     TEXT        NOT NULL DEFAULT '',
	retry_at            TIMESTAMPTZ,
	CONSTRAINT delivery_attempts_pkey PRIMARY KEY (organization_id, message_id, number),
	CONSTRAINT delivery_attempts_message FOREIGN KEY (organization_id, message_id) REFERENCES messages (organization_id, id) ON DELETE CASCADE
);

-- What a platform said about a message we do not have yet: a receipt before the answer of its send, an edit before the message.
CREATE TABLE early_news (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	channel_id      TEXT        NOT NULL,
	external_id     TEXT        NOT NULL,
	inbound         JSONB       NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT early_news_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT early_news_channel FOREIGN KEY (organization_id, channel_id) REFERENCES channels (organization_id, id)
);
CREATE INDEX early_news_by_message ON early_news (organization_id, channel_id, external_id, id);
CREATE INDEX early_news_by_age ON early_news (organization_id, created_at);

CREATE TABLE assignments (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	conversation_id TEXT        NOT NULL,
	user_id         TEXT,
	team_id         TEXT,
	assigned_by     TEXT, -- null: the system
	reason          TEXT        NOT NULL DEFAULT '',
	assigned_at     TIMESTAMPTZ NOT NULL,
	ended_at        TIMESTAMPTZ,
	CONSTRAINT assignments_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT assignments_conversation FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id)
);
CREATE INDEX assignments_by_conversation ON assignments (organization_id, conversation_id, id);
CREATE UNIQUE INDEX assignments_current_key ON assignments (organization_id, conversation_id) WHERE ended_at IS NULL;

CREATE TABLE events (
	organization_id TEXT        NOT NULL,
	seq             BIGINT      NOT NULL,
	type            TEXT        NOT NULL,
	at              TIMESTAMPTZ NOT NULL,
	actor_kind      TEXT        NOT NULL,
	actor_id        TEXT        NOT NULL DEFAULT '',
	conversation_id TEXT        NOT NULL DEFAULT '',
	channel_id      TEXT        NOT NULL DEFAULT '',
	message_id      TEXT        NOT NULL DEFAULT '',
	data            JSON        NOT NULL DEFAULT '{}', -- not JSONB: an event must be recordable whatever it says
	CONSTRAINT events_pkey PRIMARY KEY (organization_id, seq)
);

-- What arrived and could not be taken in: kept to be imported or discarded. Elements are what could be read but was not
-- wanted (in our words, this channel's alone); body is a delivery that could not be read, as it came.
CREATE TABLE quarantine (
	organization_id TEXT        NOT NULL,
	id              TEXT        NOT NULL,
	channel_id      TEXT        NOT NULL,
	reason          TEXT        NOT NULL,
	explanation     TEXT        NOT NULL DEFAULT '',
	element_count   INTEGER     NOT NULL,
	elements        JSON, -- not JSONB, which cannot keep the NUL for which something may be here
	body            BYTEA,
	content_hash    BYTEA       NOT NULL, -- a platform's retry is not kept twice
	received_at     TIMESTAMPTZ NOT NULL,
	due_at          TIMESTAMPTZ,          -- when a worker is to import it
	settlement      TEXT        NOT NULL DEFAULT '',
	settled_at      TIMESTAMPTZ,
	CONSTRAINT quarantine_pkey PRIMARY KEY (organization_id, id),
	CONSTRAINT quarantine_content_key UNIQUE (organization_id, channel_id, content_hash),
	CONSTRAINT quarantine_channel FOREIGN KEY (organization_id, channel_id) REFERENCES channels (organization_id, id),
	CONSTRAINT quarantine_reason CHECK (reason IN ('INBOX_DEACTIVATED', 'UNREADABLE', 'REFUSED')),
	CONSTRAINT quarantine_settlement CHECK (settlement IN ('', 'IMPORTED', 'DISCARDED'))
);
CREATE INDEX quarantine_open ON quarantine (organization_id, id) WHERE settlement = '';
CREATE INDEX quarantine_due ON quarantine (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX quarantine_queue ON quarantine (organization_id, channel_id, id) WHERE due_at IS NOT NULL;

-- The same for deliveries that belong to no organization we know. Only operators see it.
CREATE TABLE unrouted_deliveries (
	id          TEXT        NOT NULL,
	platform    TEXT        NOT NULL,
	account_id  TEXT        NOT NULL DEFAULT '',
	explanation TEXT        NOT NULL,
	body        BYTEA       NOT NULL,
	body_hash   BYTEA       NOT NULL,
	received_at TIMESTAMPTZ NOT NULL,
	CONSTRAINT unrouted_deliveries_pkey PRIMARY KEY (id),
	CONSTRAINT unrouted_deliveries_body_key UNIQUE (platform, account_id, body_hash)
);

CREATE TABLE idempotency_keys (
	organization_id TEXT        NOT NULL,
	user_id         TEXT        NOT NULL,
	action          TEXT        NOT NULL,
	key             TEXT        NOT NULL,
	input_hash      BYTEA       NOT NULL,
	result          BYTEA       NOT NULL, -- sealed: it may hold a token
	created_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, user_id, action, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (organization_id, created_at);

-- The wall. Every table with organization_id has this policy; a test asks the catalog.
-- +goose StatementBegin
DO $$
DECLARE
	t TEXT;
BEGIN
	FOREACH t IN ARRAY ARRAY[
		'memberships', 'tokens', 'teams', 'team_members', 'channels', 'channel_routes', 'contacts', 'contact_identities',
		'posts', 'conversations', 'messages', 'attachments', 'reactions', 'delivery_attempts', 'early_news',
		'assignments', 'events', 'quarantine', 'idempotency_keys'
	] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format(
			'CREATE POLICY tenant ON %I USING (organization_id = current_setting(''app.organization_id'', TRUE)) '
			'WITH CHECK (organization_id = current_setting(''app.organization_id'', TRUE))', t);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO parley_app', t);
	END LOOP;
END $$;
-- +goose StatementEnd
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organizations USING (id = current_setting('app.organization_id', TRUE))
	WITH CHECK (id = current_setting('app.organization_id', TRUE));
GRANT SELECT, UPDATE ON organizations TO parley_app;

-- A user belongs to several organizations; inside one, only its members can be seen.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY members ON users FOR SELECT USING (EXISTS (
	SELECT FROM memberships m
	WHERE m.organization_id = current_setting('app.organization_id', TRUE) AND m.user_id = users.id));
GRANT SELECT ON users TO parley_app;
