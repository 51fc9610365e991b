-- bench.messages messages: three quarters of them evenly over all conversations, the rest in one of a hundred, which are
-- long. The n-th newest of a conversation is n times 17 minutes older than its last activity.
CREATE TEMPORARY TABLE put_by AS
SELECT indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = 'messages'
  AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = 'messages'::REGCLASS);
DO $$
DECLARE
	name TEXT;
BEGIN
	FOR name IN SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'messages' AND indexdef IN (SELECT indexdef FROM put_by) LOOP
		EXECUTE format('DROP INDEX %I', name);
	END LOOP;
END $$;
ALTER TABLE messages DISABLE TRIGGER ALL;

INSERT INTO messages (organization_id, id, conversation_id, channel_id, external_id, direction, visibility, author_user_id,
	author_identity_id, text, platform_at, created_at, status, sent_at)
SELECT c.organization_id, bench_id('msg', bench_setting('messages') - m + 1), c.id, c.channel_id, 'wamid.' || md5(m::TEXT),
	CASE WHEN inbound THEN 'INBOUND' ELSE 'OUTBOUND' END, 'PRIVATE', CASE WHEN NOT inbound THEN c.assignee_user_id END,
	CASE WHEN inbound THEN c.identity_id END,
	left('Hello, I would like to know when my order arrives; it was promised for last week and nothing has come so far. '
		|| md5(m::TEXT) || ' Thank you and kind regards from your customer.', 40 + (m * 7919 % 140)::INTEGER),
	c.last_activity_at - age, c.last_activity_at - age, CASE WHEN NOT inbound THEN 'READ' END, c.last_activity_at - age
FROM (
	SELECT m, m * 31 % 7 < 4 AS inbound,
		CASE WHEN m <= spread THEN 1 + (m - 1) % total ELSE 1 + (m - 1) % few END AS i,
		CASE WHEN m <= spread THEN (m - 1) / total ELSE 1 + spread / total + (m - spread - 1) / few END * INTERVAL '17 minutes' AS age
	FROM generate_series(1, bench_setting('messages')) m,
		LATERAL (SELECT bench_setting('messages') * 3 / 4 AS spread, bench_setting('conversations') AS total,
			greatest(bench_setting('conversations') / 100, 1) AS few) sizes
) numbered
JOIN conversations c ON c.id = bench_id('cnv', i);

ALTER TABLE messages ENABLE TRIGGER ALL;
DO $$
DECLARE
	made TEXT;
BEGIN
	FOR made IN SELECT indexdef FROM put_by LOOP
		EXECUTE made;
	END LOOP;
END $$;

ANALYZE messages;
UPDATE conversations c SET last_message_id = m.id
FROM messages m
WHERE m.organization_id = c.organization_id AND m.conversation_id = c.id AND m.created_at = c.last_activity_at;
