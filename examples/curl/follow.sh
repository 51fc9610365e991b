#!/usr/bin/env bash
# curl and jq: reads the inbox, replies, follows what becomes of the reply as server-sent events, and survives a cut of the line.
# shellcheck disable=SC2016 # the dollars are GraphQL's
set -euo pipefail

endpoint=${PARLEY_URL:-http://127.0.0.1:8080}/graphql
work=$(mktemp -d)
stream=
hang_up() { [ -z "$stream" ] || { kill "$stream" && wait "$stream"; } 2>/dev/null || true; }
trap 'hang_up; rm -rf "$work"' EXIT

fail() { echo "curl: $*" >&2; exit 1; }

# ask QUERY VARIABLES prints data; errors end the program.
ask() {
	local answer
	answer=$(jq -n --arg query "$1" --argjson variables "$2" '{$query, $variables}' |
		curl -sS "$endpoint" -H 'Content-Type: application/json' ${PARLEY_TOKEN:+-H "Authorization: Bearer $PARLEY_TOKEN"} --data-binary @-)
	jq -e '.errors == null' <<<"$answer" >/dev/null || fail "$answer"
	jq .data <<<"$answer"
}

sign_in='mutation ($email: String!, $password: String!) {
  signIn(input: {email: $email, password: $password}) { token userErrors { code message } }
}'
inbox='query {
  viewer { organization { id } }
  conversations(filter: {platforms: [WHATSAPP]}, first: 20) { edges { node { id viewerCanReply } } eventCursor }
}'
reply='mutation ($conversation: ID!, $text: String!, $key: String!) {
  replyToConversation(input: {conversationId: $conversation, text: $text, idempotencyKey: $key}) { message { id } userErrors { code message } }
}'
events='subscription ($organization: ID!, $after: String) {
  inboxEvents(organizationId: $organization, after: $after) {
    __typename
    ... on Event { cursor }
    ... on MessageDeliveryChanged { status message { id } }
  }
}'

# send TEXT prints the id of the message. The key makes it safe to send the same again when the answer is lost.
send() {
	ask "$reply" "$(jq -n --arg conversation "$conversation" --arg text "$1" --arg key "$RANDOM-$$-$SECONDS" '{$conversation, $text, $key}')" |
		jq -er .replyToConversation.message.id || fail "the reply was refused"
}

# follow FILE CURSOR writes what the stream says after the cursor.
follow() {
	jq -n --arg query "$events" --arg organization "$organization" --arg after "$2" '{$query, variables: {$organization, $after}}' |
		curl -sSN "$endpoint" -H 'Accept: text/event-stream' -H 'Content-Type: application/json' \
			-H "Authorization: Bearer $PARLEY_TOKEN" --data-binary @- >"$1" &
	stream=$!
}

# told FILE prints the events of a stream, one a line: its cursor, and what became of which message. A line that was cut off
# is left out: it comes again.
told() {
	sed -n 's/^data: //p' "$1" |
		jq -Rr 'fromjson? | .data.inboxEvents | [.cursor, .__typename, .status, .message.id] | map(values) | join(" ")'
}

# up_to FILE MESSAGE waits until the message is delivered, and prints what was told up to then.
up_to() {
	for _ in {1..300}; do
		if [[ "$(told "$1")" =~ \ DELIVERED\ $2 ]]; then
			told "$1" | sed "/ DELIVERED $2\$/q"
			return
		fi
		sleep 0.1
	done
	fail "$2 was not delivered: $(cat "$1")"
}

if [ -z "${PARLEY_TOKEN:-}" ]; then
	credentials=$(jq -n --arg email "$PARLEY_EMAIL" --arg password "$PARLEY_PASSWORD" '{$email, $password}')
	PARLEY_TOKEN=$(ask "$sign_in" "$credentials" | jq -er .signIn.token) || fail "the sign-in was refused"
fi
page=$(ask "$inbox" '{}')
organization=$(jq -er .viewer.organization.id <<<"$page") || fail "a token is needed"
conversation=$(jq -er 'first(.conversations.edges[].node | select(.viewerCanReply)).id' <<<"$page") || fail "no conversation can be answered"
cursor=$(jq -r .conversations.eventCursor <<<"$page")
echo "curl: $conversation"

follow "$work/first" "$cursor"
first=$(send "Hello from curl")
up_to "$work/first" "$first" >/dev/null
echo "curl: DELIVERED $first"
hang_up
last=$(told "$work/first" | tail -n 1 | cut -d ' ' -f 1)
second=$(send "Sent while the line was cut")
follow "$work/second" "$last"
up_to "$work/second" "$second" >/dev/null
echo "curl: DELIVERED $second"
hang_up

follow "$work/replay" "$cursor"
followed=$(told "$work/first" && up_to "$work/second" "$second")
happened=$(up_to "$work/replay" "$second")
[ "$followed" = "$happened" ] || fail "followed $followed, but what happened is $happened"
echo "curl: $(wc -l <<<"$followed") events, none missed, none twice"
