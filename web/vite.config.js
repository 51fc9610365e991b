import { defineConfig } from "vite";

export default defineConfig({
  root: "graphiql",
  // Relative, so that the page also works below a prefix.
  base: "./",
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    sourcemap: false,
    // The content policy allows fonts from files only, never from data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    chunkSizeWarningLimit: 4000,
    // Dependencies apart from our few lines: editing an example changes one small file.
    rolldownOptions: {
      onLog(level, log, report) {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
      output: {
        codeSplitting: { groups: [{ name: "graphiql", test: /node_modules/, tags: ["$initial"] }] },
      },
    },
  },
  worker: { format: "es" },
});
