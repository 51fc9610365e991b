-- What PostgreSQL can do at best one message at a time: the transaction of an inbound message on our schema, each step one
-- statement, behind the wall, numbered last. Run floor_seed.sql first, on a migrated database.
--   pgbench -n -M prepared -D orgs=1 -c 8 -j 2 -T 8 -f floor.sql
\set who random(1, 20000)
\set o :who % :orgs + 1
\set ext random(1, 9000000000000000)
BEGIN;
SELECT set_config('role', 'parley_app', TRUE), set_config('app.organization_id', 'org_floor' || :o, TRUE);
WITH person AS (
	INSERT INTO contacts (organization_id, id, name, created_at)
	VALUES ('org_floor' || :o, 'con_' || :who, 'Customer ' || :who, now())
	ON CONFLICT DO NOTHING)
INSERT INTO contact_identities (organization_id, id, contact_id, channel_id, external_id, name, created_at)
VALUES ('org_floor' || :o, 'idn_' || :who, 'con_' || :who, 'chn_floor', '569' || :who, 'Customer ' || :who, now())
ON CONFLICT (organization_id, channel_id, external_id) DO UPDATE SET name = EXCLUDED.name
RETURNING id AS identity \gset
INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status,
	status_changed_at, last_activity_at, waiting_since, unread_count, window_anchor_at, window_expires_at, window_due_at, created_at)
VALUES ('org_floor' || :o, 'cnv_' || :who || '_' || :ext, 'chn_floor', 'WHATSAPP', 'con_' || :who, :identity, 'PRIVATE_MESSAGE',
	'569' || :who, 'NEW', now(), now(), now(), 1, now(), now() + INTERVAL '24 hours', now() + INTERVAL '22 hours', now())
ON CONFLICT (organization_id, channel_id, surface, thread_key) WHERE status <> 'RESOLVED' DO UPDATE
SET unread_count = conversations.unread_count + 1, last_activity_at = EXCLUDED.last_activity_at,
	window_anchor_at = EXCLUDED.window_anchor_at, window_expires_at = EXCLUDED.window_expires_at,
	window_due_at = EXCLUDED.window_due_at, version = conversations.version + 1
RETURNING id AS conversation \gset
INSERT INTO messages (organization_id, id, conversation_id, channel_id, external_id, direction, visibility, author_identity_id,
	text, platform_at, created_at)
VALUES ('org_floor' || :o, 'msg_' || :ext, :conversation, 'chn_floor', 'wamid.' || :ext, 'INBOUND', 'PRIVATE', :identity,
	'Hello, my order has not arrived yet. Can you please tell me where it is? Thank you.', now(), now())
RETURNING id AS message \gset
UPDATE conversations
SET last_message_id = :message, last_inbound_id = :message,
	last_message_text = 'Hello, my order has not arrived yet. Can you please tell me where it is? Thank you.',
	last_message_direction = 'INBOUND', last_message_at = now(), last_message_platform_at = now()
WHERE organization_id = 'org_floor' || :o AND id = :conversation;
WITH numbered AS (
	UPDATE organizations SET last_event_seq = last_event_seq + 1 WHERE id = 'org_floor' || :o RETURNING last_event_seq)
INSERT INTO events (organization_id, seq, type, at, actor_kind, conversation_id, channel_id, message_id)
SELECT 'org_floor' || :o, last_event_seq, 'MESSAGE_ADDED', now(), 'PLATFORM', :conversation, 'chn_floor', :message
FROM numbered;
COMMIT;
