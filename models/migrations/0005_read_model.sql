-- +goose Up
SET LOCAL statement_timeout = 0;

-- In the order every writer takes them: nobody changes what is copied here while it is copied.
LOCK TABLE contacts, contact_identities, conversations, messages IN SHARE ROW EXCLUSIVE MODE;

-- What a list shows of a conversation's last message and of the person, so that a page of the inbox is one walk along one
-- index. Whoever sets last_message_id writes the columns of the message beside it. Triggers do all the rest, also for
-- those who do not know these columns.
ALTER TABLE conversations
	ADD COLUMN last_message_text        TEXT, -- null: there is no message, or it is too long to be kept twice
	ADD COLUMN last_message_direction   TEXT NOT NULL DEFAULT '',
	ADD COLUMN last_message_author_id   TEXT, -- the member
	ADD COLUMN last_message_status      TEXT, -- of delivery
	ADD COLUMN last_message_at          TIMESTAMPTZ,
	ADD COLUMN last_message_platform_at TIMESTAMPTZ,
	ADD COLUMN last_message_edited_at   TIMESTAMPTZ,
	ADD COLUMN last_message_deleted_at  TIMESTAMPTZ,
	ADD COLUMN contact_name             TEXT NOT NULL DEFAULT '',
	ADD COLUMN identity_name            TEXT NOT NULL DEFAULT '',
	ADD COLUMN identity_handle          TEXT NOT NULL DEFAULT '',
	ADD COLUMN identity_external_id     TEXT NOT NULL DEFAULT '';

-- The words a list keeps of a message: all of them, or none if they are many.
CREATE FUNCTION shown_text(said TEXT) RETURNS TEXT
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN octet_length(said) <= 1000 THEN said END;

-- The person is shared with whoever renames them until this transaction ends: neither can miss the other.
-- +goose StatementBegin
CREATE FUNCTION show_contact() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
	person RECORD;
BEGIN
	SELECT c.name, i.name AS identity_name, i.handle, i.external_id
	INTO person
	FROM contacts c
	JOIN contact_identities i ON i.organization_id = c.organization_id
	WHERE c.organization_id = NEW.organization_id AND c.id = NEW.contact_id AND i.id = NEW.identity_id
	FOR SHARE;
	IF FOUND THEN
		NEW.contact_name := person.name;
		NEW.identity_name := person.identity_name;
		NEW.identity_handle := person.handle;
		NEW.identity_external_id := person.external_id;
	END IF;
	RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER conversations_new_contact BEFORE INSERT ON conversations
	FOR EACH ROW EXECUTE FUNCTION show_contact();
CREATE TRIGGER conversations_other_contact BEFORE UPDATE OF contact_id, identity_id ON conversations
	FOR EACH ROW WHEN (NEW.contact_id <> OLD.contact_id OR NEW.identity_id <> OLD.identity_id)
	EXECUTE FUNCTION show_contact();

-- +goose StatementBegin
CREATE FUNCTION rename_contact() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
	UPDATE conversations SET contact_name = NEW.name
	WHERE organization_id = NEW.organization_id AND contact_id = NEW.id;
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER contacts_renamed AFTER UPDATE OF name ON contacts
	FOR EACH ROW WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION rename_contact();

-- +goose StatementBegin
CREATE FUNCTION rename_identity() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
	UPDATE conversations
	SET identity_name = NEW.name, identity_handle = NEW.handle, identity_external_id = NEW.external_id
	WHERE organization_id = NEW.organization_id AND identity_id = NEW.id;
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER contact_identities_renamed AFTER UPDATE OF name, handle, external_id ON contact_identities
	FOR EACH ROW WHEN ((NEW.name, NEW.handle, NEW.external_id) IS DISTINCT FROM (OLD.name, OLD.handle, OLD.external_id))
	EXECUTE FUNCTION rename_identity();

-- +goose StatementBegin
CREATE FUNCTION show_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
	UPDATE conversations
	SET last_message_text = shown_text(NEW.text),
		last_message_author_id = NEW.author_user_id,
		last_message_status = NEW.status,
		last_message_platform_at = NEW.platform_at,
		last_message_edited_at = NEW.edited_at,
		last_message_deleted_at = NEW.deleted_at
	WHERE organization_id = NEW.organization_id AND id = NEW.conversation_id AND last_message_id = NEW.id;
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER messages_changed AFTER UPDATE OF text, author_user_id, status, platform_at, edited_at, deleted_at ON messages
	FOR EACH ROW WHEN (
		(NEW.text, NEW.author_user_id, NEW.status, NEW.platform_at, NEW.edited_at, NEW.deleted_at) IS DISTINCT FROM
		(OLD.text, OLD.author_user_id, OLD.status, OLD.platform_at, OLD.edited_at, OLD.deleted_at))
	EXECUTE FUNCTION show_change();

-- A last message that came without its columns: of the previous release, or of an echo that turned out to be none.
-- +goose StatementBegin
CREATE FUNCTION show_last() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
	last messages;
BEGIN
	SELECT * INTO last FROM messages m WHERE m.organization_id = NEW.organization_id AND m.id = NEW.last_message_id;
	IF FOUND OR NEW.last_message_id IS NULL THEN
		NEW.last_message_text := shown_text(last.text);
		NEW.last_message_direction := COALESCE(last.direction, '');
		NEW.last_message_author_id := last.author_user_id;
		NEW.last_message_status := last.status;
		NEW.last_message_at := last.created_at;
		NEW.last_message_platform_at := last.platform_at;
		NEW.last_message_edited_at := last.edited_at;
		NEW.last_message_deleted_at := last.deleted_at;
	END IF;
	RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER conversations_other_last BEFORE UPDATE OF last_message_id ON conversations
	FOR EACH ROW WHEN (NEW.last_message_id IS DISTINCT FROM OLD.last_message_id
		AND NEW.last_message_at IS NOT DISTINCT FROM OLD.last_message_at)
	EXECUTE FUNCTION show_last();

UPDATE conversations c
SET contact_name = p.name,
	identity_name = i.name,
	identity_handle = i.handle,
	identity_external_id = i.external_id
FROM contacts p, contact_identities i
WHERE p.organization_id = c.organization_id AND p.id = c.contact_id
  AND i.organization_id = c.organization_id AND i.id = c.identity_id;
UPDATE conversations c
SET last_message_text = shown_text(m.text),
	last_message_direction = m.direction,
	last_message_author_id = m.author_user_id,
	last_message_status = m.status,
	last_message_at = m.created_at,
	last_message_platform_at = m.platform_at,
	last_message_edited_at = m.edited_at,
	last_message_deleted_at = m.deleted_at
FROM messages m
WHERE m.organization_id = c.organization_id AND m.id = c.last_message_id;

-- What an inbox looks at most: what is open, of everyone, of one person, on one channel; and what is nobody's.
CREATE INDEX conversations_open_newest ON conversations (organization_id, last_activity_at, id) WHERE status <> 'RESOLVED';
CREATE INDEX conversations_user_open ON conversations (organization_id, assignee_user_id, last_activity_at, id)
	WHERE status <> 'RESOLVED' AND assignee_user_id IS NOT NULL;
CREATE INDEX conversations_channel_open ON conversations (organization_id, channel_id, last_activity_at, id)
	WHERE status <> 'RESOLVED';
CREATE INDEX conversations_unassigned_newest ON conversations (organization_id, last_activity_at, id)
	WHERE assignee_user_id IS NULL AND assignee_team_id IS NULL;

-- Two persons who turn out to be one: what the other wrote in private is found by its conversations.
CREATE INDEX messages_public_author ON messages (organization_id, author_identity_id) WHERE visibility = 'PUBLIC';
CREATE INDEX reactions_by_identity ON reactions (organization_id, identity_id);

-- How often what rarely changes has changed: the organization, its members, teams and channels. Whoever reads the version
-- in their snapshot knows whether what they remember is still so.
CREATE TABLE directories (
	organization_id TEXT   NOT NULL,
	version         BIGINT NOT NULL,
	CONSTRAINT directories_pkey PRIMARY KEY (organization_id)
);
ALTER TABLE directories ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON directories USING (organization_id = current_setting('app.organization_id', TRUE))
	WITH CHECK (organization_id = current_setting('app.organization_id', TRUE));
GRANT SELECT, INSERT, UPDATE, DELETE ON directories TO parley_app;

-- Raised when a transaction ends, after the organization's number of events: nobody waits for more while they hold it, and
-- the order of versions is the order of commits.
-- +goose StatementBegin
CREATE FUNCTION raise_directory() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
	changed RECORD;
BEGIN
	changed := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	IF TG_TABLE_NAME = 'users' THEN
		INSERT INTO directories AS d (organization_id, version)
		SELECT m.organization_id, 1 FROM memberships m WHERE m.user_id = changed.id ORDER BY m.organization_id
		ON CONFLICT (organization_id) DO UPDATE SET version = d.version + 1;
	ELSIF TG_TABLE_NAME = 'organizations' THEN
		INSERT INTO directories AS d (organization_id, version) VALUES (changed.id, 1)
		ON CONFLICT (organization_id) DO UPDATE SET version = d.version + 1;
	ELSE
		INSERT INTO directories AS d (organization_id, version) VALUES (changed.organization_id, 1)
		ON CONFLICT (organization_id) DO UPDATE SET version = d.version + 1;
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER channels_directory
	AFTER INSERT OR DELETE OR UPDATE OF platform, account_id, name, status, status_reason, when_resolved, version,
		disconnected_at ON channels
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_directory();
CREATE CONSTRAINT TRIGGER teams_directory AFTER INSERT OR DELETE OR UPDATE ON teams
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_directory();
CREATE CONSTRAINT TRIGGER memberships_directory AFTER INSERT OR DELETE OR UPDATE ON memberships
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_directory();
CREATE CONSTRAINT TRIGGER users_directory AFTER UPDATE OF email, name ON users
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_directory();
CREATE CONSTRAINT TRIGGER organizations_directory AFTER UPDATE OF name, plan, inbox_status ON organizations
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_directory();
