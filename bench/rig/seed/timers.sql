-- bench.timers conversations whose reply window ends in one to twenty-three hours. Written as a replica does, without looking
-- at what they refer to: that was made in the same way.
SET session_replication_role = 'replica';

INSERT INTO contacts (organization_id, id, name, created_at)
SELECT bench_id('org', 1 + i % bench_setting('organizations')), bench_id('con', i), 'Customer ' || i, now()
FROM generate_series(1, bench_setting('timers')) i;

INSERT INTO contact_identities (organization_id, id, contact_id, channel_id, external_id, name, created_at)
SELECT bench_id('org', o), bench_id('idn', i), bench_id('con', i), bench_id('chn', o * 10 + 1), (4915100000000 + i)::TEXT, 'Customer ' || i, now()
FROM generate_series(1, bench_setting('timers')) i, LATERAL (SELECT 1 + i % bench_setting('organizations') AS o) company;

INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status, status_changed_at,
	last_activity_at, window_anchor_at, window_expires_at, window_notice, window_due_at, created_at)
SELECT bench_id('org', o), bench_id('cnv', i), bench_id('chn', o * 10 + 1), 'WHATSAPP', bench_id('con', i), bench_id('idn', i),
	'PRIVATE_MESSAGE', (4915100000000 + i)::TEXT, 'NEW', now(), now(), now(), ends, 'CLOSING_SOON', ends, now()
FROM generate_series(1, bench_setting('timers')) i, LATERAL (
	SELECT 1 + i % bench_setting('organizations') AS o, now() + INTERVAL '1 hour' + (i * 7919 % bench_setting('timers')) * INTERVAL '22 hours' / bench_setting('timers') AS ends
) timed;

SET session_replication_role = 'origin';
ANALYZE;
