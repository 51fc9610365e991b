export interface Example {
  query: string;
  variables: Record<string, unknown>;
}

/** The tabs a new visitor finds, in order. The organization comes from the link that opened the page. */
export function examples(organizationId: string): Example[] {
  return [
    { query: live, variables: { organizationId } },
    { query: newest, variables: { organizationId } },
    {
      query: reply,
      variables: { input: { conversationId: "", text: "Hello, how can we help?" } },
    },
  ];
}

const live = `# New messages, as they happen.
subscription Live($organizationId: ID!) {
  inboxEvents(organizationId: $organizationId) {
    __typename
    ... on MessageAdded {
      cursor
      at
      message {
        id
        text
        direction
      }
    }
  }
}
`;

const newest = `# Copy an id into the next tab.
query Newest($organizationId: ID!) {
  conversations(organizationId: $organizationId, first: 20) {
    edges {
      node {
        id
        status
        surface
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const reply = `# Queues a reply.
mutation Reply($input: ReplyToConversationInput!) {
  replyToConversation(input: $input) {
    message {
      id
      text
    }
    userErrors {
      code
      field
      message
    }
  }
}
`;
