import { graphql } from "relay-runtime";

export const signIn = graphql`
  mutation operationsSignInMutation($input: SignInInput!) {
    signIn(input: $input) {
      token
      userErrors {
        code
        message
      }
    }
  }
`;

export const inbox = graphql`
  query operationsInboxQuery {
    viewer {
      organization {
        id
      }
    }
    ...operationsList_query
  }
`;

/** A component would read this with usePaginationFragment. */
export const list = graphql`
  fragment operationsList_query on Query
  @refetchable(queryName: "operationsNextPageQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 1 }
    cursor: { type: "String" }
  ) {
    conversations(filter: { platforms: [WHATSAPP] }, first: $count, after: $cursor)
      @connection(key: "operationsList_conversations", filters: ["filter"]) {
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
`;

export const reply = graphql`
  mutation operationsReplyMutation($input: ReplyToConversationInput!) {
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
`;

/** The conversations and messages it selects are the store's: lists on the screen follow by themselves. */
export const events = graphql`
  subscription operationsEventsSubscription($organizationId: ID!, $after: String) {
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
        conversation {
          id
          status
          viewerCanReply
        }
      }
      ... on MessageDeliveryChanged {
        status
        message {
          id
          delivery {
            status
          }
        }
      }
    }
  }
`;
