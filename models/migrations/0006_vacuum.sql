-- +goose Up
-- Retention deletes from the front of the log, and timers move along their index with every lease: what they leave behind is
-- swept before it is a fifth of the table.
ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
ALTER TABLE conversations SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE messages SET (autovacuum_vacuum_scale_factor = 0.05);
