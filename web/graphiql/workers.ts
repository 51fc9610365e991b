import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker.js?worker";
import JSONWorker from "monaco-editor/esm/vs/language/json/json.worker.js?worker";
import GraphQLWorker from "monaco-graphql/esm/graphql.worker.js?worker";

// Monaco looks for this global when it needs a worker; the files are our own, so no blob: worker is made.
self.MonacoEnvironment = {
  getWorker(_id: string, language: string): Worker {
    switch (language) {
      case "graphql":
        return new GraphQLWorker();
      case "json":
        return new JSONWorker();
      default:
        return new EditorWorker();
    }
  },
};
