-- bench.organizations companies with bench.users members each, every member with a token of their own, three teams and six
-- WhatsApp numbers. Ids and secrets follow from the numbers, so that whoever measures knows them.
CREATE FUNCTION bench_id(prefix TEXT, n BIGINT) RETURNS TEXT
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN prefix || '_' || lpad(to_hex(n), 32, '0');

CREATE FUNCTION bench_setting(name TEXT) RETURNS BIGINT
	LANGUAGE sql STABLE
	RETURN current_setting('bench.' || name)::BIGINT;

INSERT INTO organizations (id, name, plan, inbox_opened_at, created_at)
SELECT bench_id('org', o), 'Company ' || o, 'ENTERPRISE', now(), now()
FROM generate_series(1, bench_setting('organizations')) o;

INSERT INTO users (id, email, name, created_at)
SELECT bench_id('usr', o * 1000 + u), format('agent%s@company%s.example', u, o), format('Agent %s of company %s', u, o), now()
FROM generate_series(1, bench_setting('organizations')) o, generate_series(1, bench_setting('users')) u;

INSERT INTO memberships (organization_id, user_id, role, created_at)
SELECT bench_id('org', o), bench_id('usr', o * 1000 + u), CASE u WHEN 1 THEN 'OWNER' ELSE 'AGENT' END, now()
FROM generate_series(1, bench_setting('organizations')) o, generate_series(1, bench_setting('users')) u;

INSERT INTO tokens (organization_id, id, user_id, kind, name, hash, created_at)
SELECT bench_id('org', o), bench_id('tok', o * 1000 + u), bench_id('usr', o * 1000 + u), 'API', 'bench',
	sha256(convert_to(format('ply_%s_%s', lpad(to_hex(o), 32, '0'), lpad(u::TEXT, 43, '0')), 'UTF8')), now()
FROM generate_series(1, bench_setting('organizations')) o, generate_series(1, bench_setting('users')) u;

INSERT INTO teams (organization_id, id, name, created_at)
SELECT bench_id('org', o), bench_id('tea', o * 10 + t), 'Team ' || t, now()
FROM generate_series(1, bench_setting('organizations')) o, generate_series(1, 3) t;

INSERT INTO channels (organization_id, id, platform, account_id, name, status, credentials, created_at)
SELECT bench_id('org', o), bench_id('chn', o * 10 + c), 'WHATSAPP', (15550000000 + o * 10 + c)::TEXT, 'Support line ' || c, 'CONNECTED', '\x', now()
FROM generate_series(1, bench_setting('organizations')) o, generate_series(1, 6) c;

INSERT INTO channel_routes (platform, account_id, organization_id, channel_id)
SELECT platform, account_id, organization_id, id FROM channels;
