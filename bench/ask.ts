import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** What the embedded broker's process is asked to do. */
export type Ask = { readonly createTopic: string; readonly queues: number } | { readonly createGroup: string }

/** Asks the process and awaits its nod. */
export const ask = async (child: ChildProcess, question: Ask): Promise<void> => {
  const done = once(child, 'message')
  child.send(question)
  await done
}
