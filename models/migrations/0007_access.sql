-- +goose Up
SET LOCAL statement_timeout = 0;

-- A token may be made for a part of what its member may do, and for documents the server knows.
ALTER TABLE tokens
	ADD COLUMN scopes       TEXT[], -- null: all
	ADD COLUMN trusted_only BOOLEAN NOT NULL DEFAULT FALSE,
	ADD CONSTRAINT tokens_scopes CHECK (scopes <@ ARRAY['READ', 'REPLY', 'ORGANIZE', 'MANAGE'] AND cardinality(scopes) > 0);

-- A member may be limited to some channels. The door works for them as a role that sees nothing else: what is not theirs is not
-- there, whoever asks and however. The policies are of that role alone, so that nobody else pays for them.
ALTER TABLE memberships
	ADD COLUMN channel_ids TEXT[], -- null: all
	ADD CONSTRAINT memberships_channel_ids CHECK (channel_ids IS NULL OR role IN ('SUPERVISOR', 'AGENT', 'VIEWER'));

-- +goose StatementBegin
DO $$
BEGIN
	CREATE ROLE parley_limited NOLOGIN NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
	NULL; -- another database of ours made it
END $$;
-- +goose StatementEnd
GRANT parley_app TO parley_limited;
-- +goose StatementBegin
DO $$
BEGIN
	EXECUTE format('GRANT parley_limited TO %I', current_user);
END $$;
-- +goose StatementEnd

-- The channels of the limited: none, if the door did not say.
CREATE FUNCTION visible_channels() RETURNS TEXT[]
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN string_to_array(current_setting('app.channels', TRUE), ',');

-- +goose StatementBegin
DO $$
DECLARE
	t    TEXT;
	mine TEXT := '= ANY ((SELECT visible_channels())::TEXT[])'; -- looked at once for a statement
BEGIN
	FOREACH t IN ARRAY ARRAY[
		'channel_routes', 'contact_identities', 'posts', 'conversations', 'messages', 'early_news', 'quarantine', 'widgets', 'visitors'
	] LOOP
		EXECUTE format('CREATE POLICY channels ON %I AS RESTRICTIVE TO parley_limited USING (channel_id %s)', t, mine);
	END LOOP;
	EXECUTE format('CREATE POLICY channels ON channels AS RESTRICTIVE TO parley_limited USING (id %s)', mine);
	-- A member's upload is on no channel until it is sent.
	EXECUTE format('CREATE POLICY channels ON media AS RESTRICTIVE TO parley_limited USING (channel_id IS NULL OR channel_id %s)', mine);
	-- What happened to the organization as a whole happened on no channel.
	EXECUTE format('CREATE POLICY channels ON events AS RESTRICTIVE TO parley_limited '
		'USING (channel_id %s OR channel_id = '''' AND conversation_id = '''' AND message_id = '''')', mine);
	-- What belongs to something is seen with it.
	FOREACH t IN ARRAY ARRAY['attachments', 'reactions', 'delivery_attempts', 'message_actions'] LOOP
		EXECUTE format('CREATE POLICY channels ON %1$I AS RESTRICTIVE TO parley_limited USING (EXISTS (
			SELECT FROM messages m WHERE m.organization_id = %1$I.organization_id AND m.id = %1$I.message_id))', t);
	END LOOP;
END $$;
-- +goose StatementEnd
CREATE POLICY channels ON assignments AS RESTRICTIVE TO parley_limited USING (EXISTS (
	SELECT FROM conversations c WHERE c.organization_id = assignments.organization_id AND c.id = assignments.conversation_id));
-- A person is made before they are known on a channel.
CREATE POLICY channels ON contacts AS RESTRICTIVE TO parley_limited
	USING (EXISTS (
		SELECT FROM contact_identities i WHERE i.organization_id = contacts.organization_id AND i.contact_id = contacts.id))
	WITH CHECK (TRUE);

-- Search runs as the owner, whom no policy holds: the limit stands in its text, like the wall.
CREATE OR REPLACE FUNCTION search_conversations(words TSQUERY) RETURNS TABLE (conversation_id TEXT)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
	AS $$
		SELECT m.conversation_id
		FROM messages m
		WHERE m.organization_id = current_setting('app.organization_id')
		  AND words_of(m.text) @@ words
		  AND m.deleted_at IS NULL
		  AND (current_setting('role') <> 'parley_limited' OR m.channel_id = ANY (visible_channels()))
		UNION
		SELECT c.id
		FROM contact_identities i
		JOIN conversations c ON c.organization_id = i.organization_id AND c.contact_id = i.contact_id
		WHERE i.organization_id = current_setting('app.organization_id')
		  AND words_of(i.name || ' ' || i.handle || ' ' || i.external_id) @@ words
		  AND (current_setting('role') <> 'parley_limited' OR i.channel_id = ANY (visible_channels()))
	$$;
