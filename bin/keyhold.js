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
  const module = await import('node:module')
  if (module.enableCompileCache) module.enableCompileCache()
  // In a checkout the sources run as they are; an installed package has them compiled.
  const source = new URL('../src/main.ts', import.meta.url)
  await import(existsSync(source) ? source.href : new URL('../dist/src/main.js', import.meta.url).href)
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
