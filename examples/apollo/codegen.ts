import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  // Yours would be https://your-parley/schema.graphql.
  schema: "../../graph/testdata/schema.golden.graphql",
  documents: "src/*.ts",
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: { enumsAsTypes: true, useTypeImports: true, scalars: { Time: "string" }, strictScalars: true, importExtension: ".js" },
    },
  },
};

export default config;
