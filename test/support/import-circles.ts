import { dirname, join } from 'node:path/posix'
import { importsOf, type Source } from './sources.ts'

/**
 * Files that import each other, directly or through others, as `a.ts -> b.ts -> a.ts`: every circle is part of a finding.
 * Types count: what cannot be read without the other is one idea, whatever is left of it at run time.
 */
export const importCircles = (files: readonly Source[]): readonly string[] => {
  const targets = new Map(
    files.map(file => [
      file.path,
      importsOf(file).flatMap(({ from }) => (from.startsWith('.') ? [join(dirname(file.path), from)] : [])),
    ]),
  )
  const found: string[] = []
  const left = new Set(targets.keys()) // files that were not yet followed to the end
  const follow = (path: string, trail: readonly string[]): void => {
    const before = trail.indexOf(path)
    if (before !== -1) found.push([...trail.slice(before), path].join(' -> '))
    else if (left.has(path)) {
      for (const target of targets.get(path) ?? []) follow(target, [...trail, path])
      left.delete(path)
    }
  }
  for (const { path } of files) follow(path, [])
  return found
}
