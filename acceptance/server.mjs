// The server under test: a build with faults, on ports and in a directory of its own, with the demo organization.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = path.dirname(fileURLToPath(import.meta.url));
export const binary = path.join(here, '..', 'bin', 'parley-acceptance');

/** Where the server will be, and the environment that puts it there. */
export async function choosePlace() {
  const [api, simulator, metrics] = await Promise.all([freePort(), freePort(), freePort()]);
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-acceptance-'));
  fs.chmodSync(data, 0o755); // PostgreSQL may run as another user
  return {
    data,
    origin: `http://127.0.0.1:${api}`,
    host: `127.0.0.1:${api}`,
    simulator: `http://127.0.0.1:${simulator}`,
    metrics: `http://127.0.0.1:${metrics}`,
    env: {
      ...process.env,
      DATABASE_URL: '',
      REDIS_URL: '',
      PARLEY_LISTEN: `127.0.0.1:${api}`,
      PARLEY_SIMULATOR_LISTEN: `127.0.0.1:${simulator}`,
      PARLEY_METRICS_LISTEN: `127.0.0.1:${metrics}`,
      PARLEY_DATA_DIR: data,
      PARLEY_DEMO: 'yes',
      PARLEY_DEMO_EVERY: '1000h', // customers write when told to
      PARLEY_ORIGINS: 'https://app.example.com',
      PARLEY_TRUSTED_DOCUMENTS: path.join(here, 'trusted.json'),
    },
  };
}

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Starts the server and resolves when it is ready, with what it printed and how to stop it. */
export async function startServer(place) {
  const child = spawn(binary, { env: place.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let complaints = '';
  child.stderr.on('data', (d) => { complaints = (complaints + d).slice(-4000); });
  const ended = once(child, 'exit');
  const ready = new Promise((resolve) => child.stdout.on('data', (d) => {
    printed += d;
    if (printed.includes('Parley is ready')) resolve(true);
  }));
  if (!(await Promise.race([ready, ended.then(() => false)]))) throw new Error(`the server did not start:\n${complaints}`);
  return {
    printed,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await ended;
      if (code !== 0) throw new Error(`the server ended with ${code}:\n${complaints}`);
    },
  };
}
