import { describe, expect, it } from 'vitest'
import { handlerFor, vectorFiles } from './support/golden.ts'
import { handlers as acl } from './support/golden-acl.ts'
import { handlers as allocation } from './support/golden-allocation.ts'
import { handlers as bodies } from './support/golden-bodies.ts'
import { handlers as compression } from './support/golden-compression.ts'
import { handlers as defaults } from './support/golden-defaults.ts'
import { handlers as frames } from './support/golden-frames.ts'
import { handlers as javaSends } from './support/golden-java-sends.ts'
import { handlers as messages } from './support/golden-messages.ts'
import { handlers as pop } from './support/golden-pop.ts'
import { handlers as popHandles } from './support/golden-pop-handles.ts'
import { handlers as processQueue } from './support/golden-process-queue.ts'
import { handlers as queueChoice } from './support/golden-queue-choice.ts'
import { handlers as sql92 } from './support/golden-sql92.ts'
import { handlers as tables } from './support/golden-tables.ts'
import { handlers as trace } from './support/golden-trace.ts'

/** One of them waits for a heartbeat that is never answered. */
const PATIENCE_MS = 20_000

const handlers = {
  ...frames,
  ...javaSends,
  ...bodies,
  ...acl,
  ...allocation,
  ...compression,
  ...trace,
  ...messages,
  ...pop,
  ...popHandles,
  ...tables,
  ...processQueue,
  ...queueChoice,
  ...defaults,
  ...sql92,
}

describe.each(vectorFiles())('$file holds what the official implementations do, and so do we:', ({ vectors }) => {
  it.each(vectors.map(vector => [vector.name, vector] as const))(
    '%s',
    async (name, vector) => {
      await handlerFor(handlers, name)(vector)
    },
    PATIENCE_MS,
  )
})

describe('golden vectors', () => {
  it('fail when nobody handles their path', () => {
    expect(() => handlerFor(handlers, 'unheard-of/vector')).toThrow('nobody handles')
    expect(() => handlerFor(handlers, 'framework/of-another-name')).toThrow('nobody handles')
  })

  it('have unique names over all files', () => {
    const names = vectorFiles().flatMap(({ vectors }) => vectors.map(vector => vector.name))
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(400)
  })
})
