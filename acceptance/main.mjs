// Runs the acceptance harness against a server of this checkout. Everything after the name is for the harness: see README.md.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { binary, choosePlace, here } from './server.mjs';
import { buildWorld } from './world.mjs';

const shared = path.join(here, '..', '..', 'shared', 'acceptance', 'graphql');
const harness = path.join(here, '.harness');

if (!fs.existsSync(shared)) {
  console.log('acceptance: there is no harness beside this checkout');
  process.exit(0);
}
installHarness();
const place = await choosePlace();
try {
  process.exitCode = await run();
} finally {
  fs.rmSync(place.data, { recursive: true, force: true });
}

async function run() {
  const world = await buildWorld(place);
  const config = path.join(place.data, 'config.json');
  fs.writeFileSync(config, fill(fs.readFileSync(path.join(here, 'config.json'), 'utf8'), {
    ...world, origin: place.origin, host: place.host, metrics: place.metrics, here, node: process.execPath,
  }));
  const report = path.join(here, '.harness', 'report.json');
  const { status } = spawnSync(process.execPath,
    ['run.mjs', '--config', config, '--report', report, '--serve', binary, ...process.argv.slice(2)],
    { cwd: harness, stdio: 'inherit', env: { ...place.env, ACCEPTANCE_ORIGIN: place.origin, ACCEPTANCE_SESSION: world.session } });
  return status ?? 1;
}

/** Copies the harness, as it must be installed somewhere, and installs it when its lock file has changed. */
function installHarness() {
  const lock = (dir) => fs.existsSync(path.join(dir, 'package-lock.json')) && fs.readFileSync(path.join(dir, 'package-lock.json'), 'utf8');
  const installed = fs.existsSync(path.join(harness, 'node_modules')) && lock(harness) === lock(shared);
  fs.cpSync(shared, harness, { recursive: true, force: true, filter: (name) => !name.includes('node_modules') });
  execFileSync('chmod', ['-R', 'u+w', harness]); // it may come from where nobody may write
  if (!installed) execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: harness, stdio: 'inherit' });
}

/** Puts what the world is made of where the configuration has ${name}. */
function fill(text, values) {
  return text.replace(/\$\{(\w+)\}/g, (_, name) => {
    if (values[name] === undefined) throw new Error(`config.json asks for ${name}, which there is not`);
    return values[name];
  });
}
