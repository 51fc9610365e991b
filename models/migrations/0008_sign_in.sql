-- +goose Up
-- How a provider of sign-ins knows a user. A user has one identity at each provider, apart from users like their password.
CREATE TABLE user_identities (
	issuer     TEXT        NOT NULL,
	subject    TEXT        NOT NULL,
	user_id    TEXT        NOT NULL,
	created_at TIMESTAMPTZ NOT NULL,
	CONSTRAINT user_identities_pkey PRIMARY KEY (issuer, subject),
	CONSTRAINT user_identities_user_key UNIQUE (user_id, issuer),
	CONSTRAINT user_identities_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

-- What an app exchanges for a session. A used one stays as long as idempotency keys do, for calls that are repeated.
CREATE TABLE sign_in_codes (
	hash       BYTEA       NOT NULL,
	user_id    TEXT        NOT NULL,
	challenge  BYTEA       NOT NULL, -- SHA-256 of the secret the app keeps
	expires_at TIMESTAMPTZ NOT NULL,
	used_at    TIMESTAMPTZ,
	CONSTRAINT sign_in_codes_pkey PRIMARY KEY (hash),
	CONSTRAINT sign_in_codes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX sign_in_codes_by_user ON sign_in_codes (user_id);
CREATE INDEX sign_in_codes_by_end ON sign_in_codes (expires_at);

-- A code is used up in the transaction that makes its session, behind the wall, where nobody sees codes: this runs as the
-- owner, and does only that, for a member of the organization.
-- +goose StatementBegin
CREATE FUNCTION spend_sign_in_code(of_user TEXT, code BYTEA, at TIMESTAMPTZ) RETURNS BOOLEAN
	LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
	AS $$
		WITH spent AS (
			UPDATE sign_in_codes c SET used_at = at
			WHERE c.hash = code AND c.user_id = of_user AND c.used_at IS NULL AND c.expires_at > at
			  AND EXISTS (
				SELECT FROM memberships m
				WHERE m.organization_id = current_setting('app.organization_id') AND m.user_id = of_user AND m.removed_at IS NULL)
			RETURNING 1)
		SELECT EXISTS (SELECT FROM spent)
	$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION spend_sign_in_code FROM PUBLIC;
GRANT EXECUTE ON FUNCTION spend_sign_in_code TO parley_app;
