package models_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestCatalog asks PostgreSQL itself whether the wall stands everywhere: a new table that forgets it fails here.
func TestCatalog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.raw()

	t.Run("every table of tenants has its policy for reading and writing", func(t *testing.T) {
		for _, table := range append(tenantTables(t, c), "organizations") {
			want := "(organization_id = current_setting('app.organization_id'::text, true))"
			if table == "organizations" {
				want = strings.Replace(want, "organization_id", "id", 1)
			}
			policies := texts(t, c, `
				SELECT concat_ws(' | ', c.relrowsecurity, p.polcmd, p.polpermissive, p.polroles,
					pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
				FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polpermissive WHERE c.oid = $1::regclass`, table)
			if whole := "t | * | t | {0} | " + want + " | " + want; !slices.Equal(policies, []string{whole}) {
				t.Errorf("%s has %q, want %q", table, policies, whole)
			}
		}
	})

	t.Run("every table of tenants hides other channels from the limited, but for what is on none", func(t *testing.T) {
		open := []string{"directories", "idempotency_keys", "memberships", "organizations", "team_members", "teams", "tokens"}
		for _, table := range append(tenantTables(t, c), "organizations") {
			var want []string
			if !slices.Contains(open, table) {
				want = []string{"channels | * | {parley_limited}"}
			}
			policies := texts(t, c, `
				SELECT concat_ws(' | ', polname, polcmd, polroles::regrole[]) FROM pg_policy
				WHERE polrelid = $1::regclass AND NOT polpermissive`, table)
			if !slices.Equal(policies, want) {
				t.Errorf("%s has %q, want %q", table, policies, want)
			}
		}
	})

	t.Run("every other table is known and as closed as it should be", func(t *testing.T) {
		got := texts(t, c, `
			SELECT c.relname || ':' || coalesce((SELECT string_agg(' ' || privilege_type, '' ORDER BY privilege_type)
				FROM aclexplode(c.relacl) WHERE grantee IN ('parley_app'::regrole, 0)), '')
			FROM pg_class c
			WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = 'public'::regnamespace
			  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id')
			ORDER BY 1`)
		want := []string{
			"goose_db_version:",            // the migrations
			"organizations: SELECT UPDATE", // walled by their id
			"passwords:",                   // for signing in
			"sign_in_codes:",               // for signing in
			"unrouted_deliveries:",         // for operators
			"user_identities:",             // for signing in
			"users: SELECT",                // belong to several organizations
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})

	t.Run("every key and reference leads with the organization", func(t *testing.T) {
		exceptions := map[string]string{
			"channel_routes_pkey":      "finds the organization, so it cannot lead with it",
			"memberships_user":         "a user belongs to several organizations",
			"memberships_organization": "one column is the whole key of an organization",
			"channels_organization":    "one column is the whole key of an organization",
			"contacts_organization":    "one column is the whole key of an organization",
			"teams_organization":       "one column is the whole key of an organization",
		}
		keys := texts(t, c, `
			SELECT i.relname || ' ' || a.attname
			FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
			JOIN pg_attribute a ON a.attrelid = x.indexrelid AND a.attnum = 1
			WHERE x.indisunique AND x.indrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'organization_id')
			  AND i.relnamespace = 'public'::regnamespace
			UNION ALL
			SELECT f.conname || ' ' || a.attname || ' ' || b.attname
			FROM pg_constraint f
			JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
			JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]
			WHERE f.contype = 'f' AND f.conrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'organization_id')
			ORDER BY 1`)
		wantLeading(t, keys, exceptions)
	})

	t.Run("every index leads with the organization, but for what is due and who signs in", func(t *testing.T) {
		indexes := texts(t, c, `
			SELECT i.relname || ' ' || a.attname
			FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
			JOIN pg_attribute a ON a.attrelid = x.indexrelid AND a.attnum = 1
			WHERE NOT x.indisunique AND x.indrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'organization_id')
			  AND i.relnamespace = 'public'::regnamespace ORDER BY 1`)
		wantLeading(t, indexes, map[string]string{
			"conversations_window_due": "workers look for what is due anywhere",
			"media_due":                "workers look for what is due anywhere",
			"messages_due":             "workers look for what is due anywhere",
			"quarantine_due":           "workers look for what is due anywhere",
			"message_actions_due":      "workers look for what is due anywhere",
			"posts_due":                "workers look for what is due anywhere",
			"channels_poll_due":        "workers look for what is due anywhere",
			"channels_token_due":       "workers look for what is due anywhere",
			"memberships_by_user":      "signing in asks for a user's organizations",
		})
	})

	t.Run("every reference is indexed by its table's rows", func(t *testing.T) {
		// Deleting a referenced row looks for what refers to it.
		cascades := texts(t, c, `
			SELECT f.conname FROM pg_constraint f
			WHERE f.contype = 'f' AND f.confdeltype = 'c' AND NOT EXISTS (
				SELECT FROM pg_index x WHERE x.indrelid = f.conrelid
				AND (x.indkey::int2[])[0:cardinality(f.conkey) - 1] = f.conkey)
			ORDER BY 1`)
		if len(cascades) > 0 {
			t.Errorf("cascade without an index: %q", cascades)
		}
	})

	t.Run("the roles of the door own nothing and may bypass nothing", func(t *testing.T) {
		for name, also := range map[string][]string{"parley_app": nil, "parley_limited": {"parley_app"}} {
			role := texts(t, c, `SELECT concat_ws(' ', rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication)
				FROM pg_roles WHERE rolname = $1`, name)
			if !slices.Equal(role, []string{"f f f f f f"}) {
				t.Errorf("%s is %q", name, role)
			}
			if owned := texts(t, c, `SELECT classid::regclass || ' ' || objid FROM pg_shdepend
				WHERE refobjid = $1::regrole AND deptype = 'o'`, name); len(owned) > 0 {
				t.Errorf("%s owns %q", name, owned)
			}
			if member := texts(t, c, `SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::regrole`, name); !slices.Equal(member, also) {
				t.Errorf("%s is also %q", name, member)
			}
		}
	})

	t.Run("only search, and using a sign-in code up, run as the owner, and only for the door", func(t *testing.T) {
		got := texts(t, c, `
			SELECT concat_ws(' ', proname, proconfig, has_function_privilege('public', oid, 'EXECUTE'),
				prosrc LIKE '%current_setting(''app.organization_id'')%')
			FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY proname`)
		if want := []string{
			`search_conversations {"search_path=public, pg_temp"} f t`, `spend_sign_in_code {"search_path=public, pg_temp"} f t`,
		}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// wantLeading checks lines of a name and the first columns of a key.
func wantLeading(t *testing.T, lines []string, exceptions map[string]string) {
	t.Helper()
	if len(lines) < 10 {
		t.Fatalf("the catalog knows only %q", lines)
	}
	used := 0
	for _, line := range lines {
		name, columns, _ := strings.Cut(line, " ")
		leads := columns == "organization_id" || columns == "organization_id organization_id"
		if _, excepted := exceptions[name]; excepted {
			used++
			if leads {
				t.Errorf("%s needs no exception", name)
			}
		} else if !leads {
			t.Errorf("%s leads with %s", name, columns)
		}
	}
	if used != len(exceptions) {
		t.Errorf("%d of %d exceptions exist", used, len(exceptions))
	}
}

func texts(t testing.TB, c *pgx.Conn, query string, args ...any) []string {
	t.Helper()
	rows, err := c.Query(context.Background(), query, args...)
	must(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return all
}
