import { afterAll, beforeAll } from 'vitest'
import { type JavaProgram, startJava } from './java-client.ts'

/** A JVM for each version while the tests of a file run. */
export const javaPrograms = (versions: readonly string[]): ((version: string) => JavaProgram) => {
  const programs = new Map<string, JavaProgram>()
  beforeAll(async () => {
    for (const version of versions) programs.set(version, await startJava(version))
  })
  afterAll(async () => {
    for (const program of programs.values()) await program.stop()
  })
  return version => {
    const program = programs.get(version)
    if (program === undefined) throw new Error(`no Java client of ${version} was started`)
    return program
  }
}
