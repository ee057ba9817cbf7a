#!/usr/bin/env node
// Plain JavaScript without imports at the top: it must run on a Node so old that nothing else here would.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 24 || (major === 24 && minor >= 12)) {
  await start()
} else {
  await startPinned()
}

async function start() {
  const { existsSync } = await import('node:fs')
  await keepCompiledCode()
  // In a checkout the sources run as they are; an installed package has them compiled.
  const source = new URL('../src/main.ts', import.meta.url)
  await import(existsSync(source) ? source.href : new URL('../dist/bundle/main.js', import.meta.url).href)
}

/**
 * Lets Node keep what it compiled, which halves the start. Not in the shared temporary folder, where
 * Node would put it: whoever can write there could have us run code of theirs.
 */
async function keepCompiledCode() {
  const { lstatSync, mkdirSync } = await import('node:fs')
  const { homedir } = await import('node:os')
  const { join } = await import('node:path')
  const { enableCompileCache } = await import('node:module')
  try {
    const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keyhold')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = lstatSync(folder)
    const ours = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0)
    if (ours) enableCompileCache(folder)
  } catch {
    // A slower start is all that is lost.
  }
}

async function startPinned() {
  const { existsSync } = await import('node:fs')
  const { fileURLToPath } = await import('node:url')
  // A checkout has its own Node (the npm package `node`); an installed package has not.
  const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  if (!existsSync(pinned)) {
    process.stderr.write(`keyhold: needs Node 24.12 or newer; this is ${process.versions.node}\n`)
    process.exit(2)
  }
  const { spawn } = await import('node:child_process')
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)))
}
