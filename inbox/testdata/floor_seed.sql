-- 64 organizations with a channel each, for floor.sql: psql -v orgs=1 -f floor_seed.sql. The customers belong to the first :orgs.
INSERT INTO organizations (id, name, inbox_opened_at, created_at)
SELECT 'org_floor' || n, 'Floor ' || n, now(), now() FROM generate_series(1, 64) n;
INSERT INTO channels (organization_id, id, platform, account_id, name, status, credentials, created_at)
SELECT 'org_floor' || n, 'chn_floor', 'WHATSAPP', 'floor' || n, 'Shop', 'CONNECTED', '', now() FROM generate_series(1, 64) n;
-- Their 20,000 customers wrote before.
CREATE TEMP TABLE customers AS
SELECT 'org_floor' || n % :orgs + 1 AS org, n AS who FROM generate_series(1, 20000) n;
INSERT INTO contacts (organization_id, id, name, created_at)
SELECT org, 'con_' || who, 'Customer ' || who, now() FROM customers;
INSERT INTO contact_identities (organization_id, id, contact_id, channel_id, external_id, name, created_at)
SELECT org, 'idn_' || who, 'con_' || who, 'chn_floor', '569' || who, 'Customer ' || who, now() FROM customers;
INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status,
	status_changed_at, last_activity_at, created_at)
SELECT org, 'cnv_' || who, 'chn_floor', 'WHATSAPP', 'con_' || who, 'idn_' || who, 'PRIVATE_MESSAGE', '569' || who, 'NEW',
	now(), now(), now()
FROM customers;
VACUUM ANALYZE;
