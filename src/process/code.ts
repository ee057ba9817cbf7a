import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folders that hold this program and the packages it loads, as a worker must be able to read them. */
export function codeFolders(folder: string, resolve: (specifier: string) => string): readonly string[] {
  const own = ['src', 'tools', 'dist', 'package.json'].map(name => join(folder, name))
  const packages = new Set(
    ['undici', 'zod'].map(name => {
      const file = fileURLToPath(resolve(name))
      const marker = `${sep}node_modules${sep}`
      return file.slice(0, file.lastIndexOf(marker) + marker.length - 1)
    }),
  )
  return [...new Set([...own, ...packages].flatMap(path => [path, realpath(path)]))]
}

/** The folder of the package that a module belongs to: the nearest one above it with a `package.json`. */
export function packageFolder(moduleUrl: string): string {
  let folder = dirname(fileURLToPath(moduleUrl))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

function realpath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
