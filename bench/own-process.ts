import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Sample } from './rounds.ts'

/** A contestant alone in a process, so that none is measured with the memory and the compiled code of another. */
export interface Remote<S = Sample> {
  readonly run: () => Promise<S>
  stop(): Promise<void>
}

/** What the process answers to each message. */
type Answer<S> = { readonly sample: S } | { readonly failed: string }

/** Starts `file`, which answers its first message, the task, and then each order to run with one sample. */
export const inOwnProcess = <S = Sample>(file: string, task: object, execArgv: readonly string[] = []): Remote<S> => {
  const child = fork(new URL(file, import.meta.url), { execArgv: [...execArgv] })
  const ended = once(child, 'exit')
  const died = ended.then(([code]): never => {
    throw new Error(`${file} ended with ${String(code)} before it answered`)
  })
  died.catch(() => undefined) // an end that was asked for
  child.send(task)
  return {
    run: async () => {
      const answered = once(child, 'message')
      child.send('run')
      const [answer] = (await Promise.race([answered, died])) as [Answer<S>]
      if ('failed' in answer) throw new Error(answer.failed)
      return answer.sample
    },
    stop: async () => {
      child.disconnect()
      await ended
    },
  }
}

/** The other end: runs the task each time it is told to, until the parent hangs up. */
export const answering = <S = Sample>(prepare: (task: never) => Promise<() => Promise<S>>): void => {
  process.once('message', task => {
    const prepared = prepare(task as never) // what it is, both ends know
    process.on('message', () => {
      void prepared
        .then(run => run())
        .then(
          (sample): Answer<S> => ({ sample }),
          (cause: unknown): Answer<S> => ({
            failed: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
          }),
        )
        .then(answer => process.send?.(answer))
    })
  })
  process.once('disconnect', () => process.exit())
}
