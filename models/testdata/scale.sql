-- Ten organizations, of which the first has half of everything: as many messages as the setting scale.messages says, ten
-- in each conversation. The same each time.
SET synchronous_commit = off;
SELECT setseed(0.5);

CREATE TEMP TABLE orgs AS
	SELECT o, 'org_' || lpad(o::text, 32, '0') AS id FROM generate_series(1, 10) o;
INSERT INTO organizations (id, name, plan, inbox_opened_at, created_at)
	SELECT id, 'Organization ' || o, 'ENTERPRISE', now(), now() FROM orgs;
INSERT INTO users (id, email, name, created_at)
	SELECT 'usr_' || lpad((o * 100 + u)::text, 32, '0'), 'agent' || u || '@org' || o || '.example', 'Agent ' || u, now()
	FROM orgs, generate_series(1, 50) u;
INSERT INTO memberships (organization_id, user_id, role, created_at)
	SELECT id, 'usr_' || lpad((o * 100 + u)::text, 32, '0'), CASE u WHEN 1 THEN 'OWNER' ELSE 'AGENT' END, now()
	FROM orgs, generate_series(1, 50) u;
INSERT INTO channels (organization_id, id, platform, account_id, name, status, credentials, created_at)
	SELECT id, 'chn_' || lpad((o * 100 + c)::text, 32, '0'), (ARRAY['WHATSAPP', 'TELEGRAM', 'INSTAGRAM'])[1 + c % 3],
		'account' || o || '-' || c, 'Channel ' || c, 'CONNECTED', '', now()
	FROM orgs, generate_series(1, 6) c;

CREATE TEMP TABLE spread AS
	SELECT n, o.id AS org, o.o, lpad(n::text, 32, '0') AS number, 1 + n % 6 AS c,
		'chn_' || lpad((o.o * 100 + 1 + n % 6)::text, 32, '0') AS channel,
		CASE WHEN random() < 0.15 THEN 'NEW' WHEN random() < 0.12 THEN 'PENDING' ELSE 'RESOLVED' END AS status,
		CASE WHEN random() < 0.7 THEN 'usr_' || lpad((o.o * 100 + 1 + floor(power(random(), 2) * 50)::int)::text, 32, '0') END AS agent,
		now() - power(random(), 2) * INTERVAL '365 days' AS at
	FROM generate_series(1, current_setting('scale.messages')::int / 10) n
	JOIN orgs o ON o.o = CASE WHEN n % 2 = 0 THEN 1 ELSE 2 + (n / 2) % 9 END;
INSERT INTO contacts (organization_id, id, name, created_at)
	SELECT org, 'con_' || number, 'Contact ' || n, at FROM spread;
INSERT INTO contact_identities (organization_id, id, contact_id, channel_id, external_id, name, handle, created_at)
	SELECT org, 'idn_' || number, 'con_' || number, channel, '4917' || n, 'Contact ' || n, '@contact' || n, at FROM spread;
INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status,
		status_changed_at, assignee_user_id, last_activity_at, waiting_since, unread_count, window_anchor_at, window_expires_at, created_at)
	SELECT org, 'cnv_' || number, channel, (ARRAY['WHATSAPP', 'TELEGRAM', 'INSTAGRAM'])[1 + c % 3], 'con_' || number, 'idn_' || number,
		'PRIVATE_MESSAGE', '4917' || n, status, at, agent, at, CASE status WHEN 'NEW' THEN at END, n % 5,
		CASE WHEN c % 3 <> 1 THEN at END, CASE WHEN c % 3 <> 1 THEN at + INTERVAL '24 hours' END, at - INTERVAL '3 days'
	FROM spread;
INSERT INTO assignments (organization_id, id, conversation_id, user_id, assigned_at)
	SELECT org, 'asg_' || number, 'cnv_' || number, agent, at FROM spread WHERE agent IS NOT NULL;
INSERT INTO messages (organization_id, id, conversation_id, channel_id, external_id, direction, visibility, author_user_id,
		author_identity_id, text, platform_at, created_at, status, sent_at)
	SELECT org, 'msg_' || lpad((n * 10 + m)::text, 32, '0'), 'cnv_' || number, channel, 'wamid.' || n || '.' || m,
		CASE WHEN outbound THEN 'OUTBOUND' ELSE 'INBOUND' END, 'PRIVATE', CASE WHEN outbound THEN agent END,
		CASE WHEN NOT outbound THEN 'idn_' || number END,
		left('Hello, I would like to know when my order ' || n || '-' || m || ' arrives. It was promised for last week, and nothing '
			|| 'has come so far. Thank you, and best regards.', 40 + (n * 7 + m) % 120),
		at - (9 - m) * INTERVAL '17 minutes', at - (9 - m) * INTERVAL '17 minutes',
		CASE WHEN outbound THEN 'READ' END, CASE WHEN outbound THEN at END
	FROM spread, generate_series(0, 9) m, LATERAL (SELECT (n + m) % 2 = 0 AS outbound) d
	ORDER BY m, n;
-- One conversation is long: of a short one the planner may as well sort what little there is.
INSERT INTO messages (organization_id, id, conversation_id, channel_id, external_id, direction, visibility, author_identity_id,
		text, platform_at, created_at)
	SELECT org, 'msg_' || lpad('a' || m, 32, '0'), 'cnv_' || number, channel, 'wamid.long.' || m, 'INBOUND', 'PRIVATE',
		'idn_' || number, 'Line ' || m, at - (m + 200) * INTERVAL '1 minute', at - (m + 200) * INTERVAL '1 minute'
	FROM spread, generate_series(1, 5000) m WHERE n = 2;
UPDATE conversations c SET last_message_id = 'msg_' || lpad((s.n * 10 + 9)::text, 32, '0')
	FROM spread s WHERE c.organization_id = s.org AND c.id = 'cnv_' || s.number;
RESET synchronous_commit;
