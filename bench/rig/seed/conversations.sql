-- bench.conversations people, each with one conversation on one of the six numbers. If bench.even is 1 every company has
-- equally many, all of them open; otherwise the first company has half of everything, and most are resolved.
SELECT setseed(0.5);

CREATE TEMPORARY TABLE person AS
SELECT i, o, bench_id('org', o) AS organization_id, bench_id('chn', o * 10 + 1 + ((i - 1) / bench_setting('organizations')) % 6) AS channel_id,
	random() AS luck, random() AS chance, random() AS agent, CASE WHEN bench_setting('even') = 1 THEN now() ELSE now() - power(random(), 2) * INTERVAL '365 days' END AS seen
FROM (
	SELECT i, CASE
		WHEN bench_setting('even') = 1 THEN 1 + (i - 1) % bench_setting('organizations')
		WHEN i % 2 = 0 THEN 1
		ELSE 2 + (i / 2) % (bench_setting('organizations') - 1)
	END AS o
	FROM generate_series(1, bench_setting('conversations')) i
) numbered;

INSERT INTO contacts (organization_id, id, name, created_at)
SELECT organization_id, bench_id('con', i), format('Customer %s', 4915100000000 + i), seen FROM person;

INSERT INTO contact_identities (organization_id, id, contact_id, channel_id, external_id, name, created_at)
SELECT organization_id, bench_id('idn', i), bench_id('con', i), channel_id, (4915100000000 + i)::TEXT, format('Customer %s', 4915100000000 + i), seen FROM person;

INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status, status_changed_at,
	assignee_user_id, last_activity_at, unread_count, window_anchor_at, window_expires_at, window_notice, created_at)
SELECT organization_id, bench_id('cnv', i), channel_id, 'WHATSAPP', bench_id('con', i), bench_id('idn', i), 'PRIVATE_MESSAGE',
	(4915100000000 + i)::TEXT,
	CASE WHEN bench_setting('even') = 1 OR luck < 0.15 THEN 'NEW' WHEN luck < 0.25 THEN 'PENDING' ELSE 'RESOLVED' END, seen,
	CASE WHEN chance >= 0.3 THEN bench_id('usr', o * 1000 + 1 + floor(power(agent, 2) * bench_setting('users'))::BIGINT) END,
	seen, floor(agent * 5)::INTEGER, seen, seen + INTERVAL '24 hours', 'CLOSED', seen - INTERVAL '30 days'
FROM person;

INSERT INTO assignments (organization_id, id, conversation_id, user_id, assigned_at)
SELECT organization_id, replace(id, 'cnv', 'asg'), id, assignee_user_id, created_at FROM conversations WHERE assignee_user_id IS NOT NULL;
ANALYZE;
