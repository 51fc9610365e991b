import { graphql } from "./gql/index.js";

export const signIn = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      token
      userErrors {
        code
        message
      }
    }
  }
`);

export const inbox = graphql(`
  query Inbox($after: String) {
    viewer {
      organization {
        id
      }
    }
    conversations(filter: { platforms: [WHATSAPP] }, first: 5, after: $after) {
      edges {
        node {
          id
          status
          contact {
            name
          }
          viewerCanReply
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      eventCursor
    }
  }
`);

export const reply = graphql(`
  mutation Reply($input: ReplyToConversationInput!) {
    replyToConversation(input: $input) {
      message {
        id
      }
      userErrors {
        code
        message
      }
    }
  }
`);

export const events = graphql(`
  subscription Events($organizationId: ID!, $after: String) {
    inboxEvents(organizationId: $organizationId, after: $after) {
      __typename
      ... on Event {
        cursor
      }
      ... on MessageAdded {
        message {
          id
          text
        }
      }
      ... on MessageDeliveryChanged {
        status
        message {
          id
        }
      }
    }
  }
`);
