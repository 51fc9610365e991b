// compatible RELEASED SERVED: fails when a client of the released schema would break with the one that is served.
import { readFileSync } from "node:fs";
import { buildSchema, findBreakingChanges, findDangerousChanges } from "graphql";

const [released, served] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, "utf8")));

for (const { type, description } of findDangerousChanges(released, served)) {
  console.log(`mind: ${type}: ${description}`);
}
const breaking = findBreakingChanges(released, served);
for (const { type, description } of breaking) {
  console.error(`breaks: ${type}: ${description}`);
}
if (breaking.length > 0) {
  console.error("Keep what clients rely on and deprecate it. If its time is over: say so in docs/changes.md, and make released.");
  process.exitCode = 1;
}
