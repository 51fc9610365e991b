-- What taking in a message of a known person needs at least, as one transaction: look the person up, lock the conversation,
-- add the message, change the conversation, number the event, add it.
\set organization random(1, :organizations)
\set person random(1, :people)
\set unique random(1, 9000000000000000)
BEGIN;
SELECT id AS identity FROM contact_identities
WHERE organization_id = bench_id('org', :organization)
  AND channel_id = bench_id('chn', :organization * 10 + 1 + (:person - 1) % 6)
  AND external_id = (4915100000000 + (:person - 1) * :organizations + :organization)::TEXT
FOR UPDATE \gset
SELECT id AS conversation FROM conversations
WHERE organization_id = bench_id('org', :organization) AND identity_id = :identity AND surface = 'PRIVATE_MESSAGE'
ORDER BY id DESC LIMIT 1 FOR NO KEY UPDATE \gset
INSERT INTO messages (organization_id, id, conversation_id, channel_id, external_id, direction, visibility, author_identity_id, text, platform_at, created_at)
VALUES (bench_id('org', :organization), 'msg_' || lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT), 16, '0') || lpad(to_hex(:unique::BIGINT), 16, '0'),
	:conversation, bench_id('chn', :organization * 10 + 1 + (:person - 1) % 6), 'wamid.floor.' || :unique::TEXT, 'INBOUND', 'PRIVATE', :identity,
	'Hello, my order has not arrived yet. Can you tell me where it is, please? Many thanks and kind regards.', now(), now())
ON CONFLICT (organization_id, channel_id, external_id) DO NOTHING
RETURNING id AS message \gset
UPDATE conversations
SET last_message_id = :message, last_inbound_id = :message, last_activity_at = now(), unread_count = unread_count + 1,
	waiting_since = coalesce(waiting_since, now()), version = version + 1,
	last_message_text = 'Hello, my order has not arrived yet. Can you tell me where it is, please? Many thanks and kind regards.',
	last_message_direction = 'INBOUND', last_message_at = now(), last_message_platform_at = now(),
	window_anchor_at = now(), window_expires_at = now() + INTERVAL '24 hours', window_notice = '', window_due_at = now() + INTERVAL '22 hours'
WHERE organization_id = bench_id('org', :organization) AND id = :conversation;
UPDATE organizations SET last_event_seq = last_event_seq + 1 WHERE id = bench_id('org', :organization) RETURNING last_event_seq AS seq \gset
INSERT INTO events (organization_id, seq, type, at, actor_kind, conversation_id, channel_id, message_id)
VALUES (bench_id('org', :organization), :seq, 'MESSAGE_ADDED', now(), 'PLATFORM', :conversation, bench_id('chn', :organization * 10 + 1 + (:person - 1) % 6), :message);
COMMIT;
