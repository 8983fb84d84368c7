import { readdirSync, readFileSync } from 'node:fs'

/** One golden vector: what an official implementation wrote or read. Its other members depend on its file. */
export interface Vector {
  readonly name: string
  readonly notes?: string
  readonly [member: string]: unknown
}

export interface VectorFile {
  readonly file: string
  readonly vectors: readonly Vector[]
}

/** Checks one vector and throws when our code does otherwise. */
export type Handler = (vector: Vector) => void | Promise<void>

/** Handlers by the leading path of the vectors that they understand. */
export type Handlers = Readonly<Record<string, Handler>>

const FOLDER = new URL('../golden/', import.meta.url)

export const vectorFiles = (): readonly VectorFile[] =>
  readdirSync(FOLDER)
    .filter(file => file.endsWith('.json'))
    .sort()
    .map(file => {
      const { vectors } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { vectors: readonly Vector[] }
      return { file, vectors }
    })

/** The handler whose path leads the vector's name; the longest one wins. */
export const handlerFor = (handlers: Handlers, name: string): Handler => {
  const paths = Object.keys(handlers).filter(path => name === path || name.startsWith(`${path}/`))
  const longest = paths.reduce((best, path) => (path.length > best.length ? path : best), '')
  const handler = handlers[longest]
  if (handler === undefined) throw new Error(`nobody handles the golden vector ${name}`)
  return handler
}
