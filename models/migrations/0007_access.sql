-- +goose Up
SET LOCAL statement_timeout = 0;

-- A token may be made for a part of what its member may do, and for documents the server knows.
ALTER TABLE tokens
	ADD COLUMN scopes       TEXT[], -- null: all
	ADD COLUMN trusted_only BOOLEAN NOT NULL DEFAULT FALSE,
	ADD CONSTRAINT tokens_scopes CHECK (scopes <@ ARRAY['READ', 'REPLY', 'ORGANIZE', 'MANAGE'] AND cardinality(scopes) > 0);
