import{c as e,cr as t,lr as n,n as r,r as i,s as a,sr as o,t as s,ur as c}from"./graphiql-CVZYL0N1.js";self.MonacoEnvironment={getWorker(e,r){switch(r){case`graphql`:return new t;case`json`:return new n;default:return new c}}};var l=i();function u(e){return[{query:d,variables:{organizationId:e}},{query:f,variables:{}},{query:p,variables:{input:{conversationId:``,text:`Hello, how can we help?`}}}]}var d=`# Everything that happens, as it happens.
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
`,f=`# Copy an id into the next tab.
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
`,p=`# Queues a reply.
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
`,m=`parley.token`,h=`parley.organization`;function g(){let e=new URLSearchParams(location.hash.slice(1)),t=_(),n={token:e.get(`token`)??t.token,organization:e.get(`organization`)??t.organization};return(n.token!==t.token||n.organization!==t.organization)&&(sessionStorage.clear(),v(n.token),sessionStorage.setItem(h,n.organization)),location.hash!==``&&history.replaceState(null,``,location.pathname+location.search),n}function _(){return{token:sessionStorage.getItem(m)??``,organization:sessionStorage.getItem(h)??``}}function v(e){sessionStorage.setItem(m,e)}function y(e){return e===``?{}:{Authorization:`Bearer ${e}`}}function b(e){return/"authorization"\s*:\s*"bearer ([^"\s]+)"/i.exec(e)?.[1]}var x=new URL(`/graphql`,location.href),S=(e,t)=>{let n=t?.headers??y(_().token);return(t?.documentAST&&a(t.documentAST,e.operationName))?.operation===`subscription`?w(e,n):C(e,n)};async function C(t,n){let r=await fetch(x,{method:`POST`,headers:{Accept:`application/graphql-response+json, application/json`,"Content-Type":`application/json`,...n},body:JSON.stringify(t)}),i=await r.text();try{return JSON.parse(i)}catch{return{errors:[new e(`${r.status} ${r.statusText}: ${i.slice(0,500)}`)]}}}function w(e,t){return{subscribe:n=>({unsubscribe:s({url:x.href.replace(/^http/,`ws`),connectionParams:t,retryAttempts:0}).subscribe({query:e.query,operationName:e.operationName,variables:e.variables},{next:e=>n.next(e),error:e=>n.error(T(e)),complete:()=>n.complete()})})}}function T(e){return e instanceof CloseEvent?{message:`The socket closed: ${e.code} ${e.reason}`}:e instanceof Event?{message:`The socket could not be opened.`}:e instanceof Error?{message:e.message}:e}var E=o();window.addEventListener(`hashchange`,()=>location.reload()),(0,l.createRoot)(document.getElementById(`root`)).render((0,E.jsx)(D,{session:g()}));function D({session:e}){let t=e.token!==``,n=t?j(y(e.token)):null,i=u(e.organization).map(({query:e,variables:t})=>({query:e,variables:j(t),headers:n}));return(0,E.jsxs)(E.Fragment,{children:[!t&&(0,E.jsx)(O,{}),(0,E.jsx)(r,{fetcher:S,storage:sessionStorage,shouldPersistHeaders:!0,showPersistHeadersSettings:!1,defaultTabs:i,defaultHeaders:n??void 0,defaultEditorToolsVisibility:t?`variables`:`headers`,onEditHeaders:A,...k(i),children:(0,E.jsx)(r.Logo,{children:`Parley`})})]})}function O(){return(0,E.jsxs)(`p`,{className:`hint`,children:[`No token yet: open this page as `,(0,E.jsx)(`code`,{children:`/#token=…&organization=…`}),` or write`,` `,(0,E.jsx)(`code`,{children:`{"Authorization": "Bearer …"}`}),` under Headers and reload.`]})}function k(e){let t=JSON.parse(sessionStorage.getItem(`graphiql:tabState`)??`null`),n=t?.tabs[t.activeTabIndex]??e[0];return{initialQuery:n.query??``,initialVariables:n.variables??``,initialHeaders:n.headers??``}}function A(e){let t=b(e);t!==void 0&&v(t)}function j(e){return JSON.stringify(e,null,2)}