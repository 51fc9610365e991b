export interface Example {
  query: string;
  variables: Record<string, unknown>;
}

/** The tabs a new visitor finds, in order. The organization comes from the link that opened the page. */
export function examples(organizationId: string): Example[] {
  return [
    { query: live, variables: { organizationId } },
    { query: newest, variables: {} },
    {
      query: reply,
      variables: { input: { conversationId: "", text: "Hello, how can we help?" } },
    },
  ];
}

const live = `# Everything that happens, as it happens.
subscription Live($organizationId: ID!) {
  inboxEvents(organizationId: $organizationId) {
    __typename
    ... on Event {
      cursor
      at
    }
    ... on MessageAdded {
      message {
        id
        text
        direction
      }
      conversation {
        id
        contact {
          name
        }
      }
    }
    ... on MessageDeliveryChanged {
      status
      message {
        text
      }
    }
  }
}
`;

const newest = `# Copy an id into the next tab.
query Newest {
  conversations(first: 20) {
    edges {
      node {
        id
        status
        platform
        contact {
          name
        }
        lastMessage {
          text
          direction
        }
        unreadCount
        replyWindow {
          state
          expiresAt
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
    eventCursor
  }
}
`;

const reply = `# Queues a reply.
mutation Reply($input: ReplyToConversationInput!) {
  replyToConversation(input: $input) {
    message {
      id
      text
      delivery {
        status
      }
    }
    userErrors {
      code
      field
      message
    }
  }
}
`;
