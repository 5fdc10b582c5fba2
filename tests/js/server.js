// One `callboard serve` process for a test file, and clients of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ConnectClient } from "@aws-sdk/client-connect";

const credentials = {
  accessKeyId: "AKIACALLBOARDJSTESTS",
  secretAccessKey: "a-root-secret-that-only-the-tests-use/4567",
};

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const binary = process.env.CALLBOARD_BINARY ?? join(repository, "target", "debug", "callboard");

/** Starts a server on a directory of its own; `stop` ends it and removes the directory. */
export async function startServer() {
  const directory = await mkdtemp(join(tmpdir(), "callboard-js-"));
  const child = spawn(binary, ["serve", "--data-dir", join(directory, "data"), "--listen", "127.0.0.1:0"], {
    env: {
      PATH: process.env.PATH,
      CALLBOARD_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
      CALLBOARD_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (text) => (log += text));
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      if (line.startsWith("listening on ")) resolve(line.slice("listening on ".length).trim());
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${log}`)));
  });
  return {
    url,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = await ended;
      await rm(directory, { recursive: true });
      return code;
    },
  };
}

/** A client as the SDK makes it, with nothing but an endpoint, a region and a key. */
export function connect(server, options = {}) {
  return new ConnectClient({ endpoint: server.url, region: "us-east-1", credentials, ...options });
}

/** Calls `look` until it answers something true, for at most a minute. */
export async function eventually(look, what) {
  const end = Date.now() + 60_000;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
