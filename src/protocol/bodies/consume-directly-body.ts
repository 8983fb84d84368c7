import { boolAt, intAt, oneOfAt, optionalTextAt, shapeOfBody } from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'

/** In the order of their numbers, by which the Go client writes them. */
const CONSUME_RESULTS = [
  'CR_SUCCESS',
  'CR_LATER',
  'CR_ROLLBACK',
  'CR_COMMIT',
  'CR_THROW_EXCEPTION',
  'CR_RETURN_NULL',
] as const

export type ConsumeResult = (typeof CONSUME_RESULTS)[number]

/** What became of one message that a member was made to consume outside of its queues (answer to code 309). */
export interface ConsumedDirectly {
  readonly consumeResult: ConsumeResult
  /** Whether the member consumes in order. */
  readonly order: boolean
  readonly autoCommit: boolean
  /** Why it failed. */
  readonly remark?: string | undefined
  /** How long it took, ms. */
  readonly spentTimeMills: number
}

export const encodeConsumedDirectly = (result: ConsumedDirectly): Buffer => Buffer.from(JSON.stringify(result))

export const decodeConsumedDirectly = (body: Buffer): ConsumedDirectly => {
  const result = shapeOfBody(body, 'directly consumed')
  const remark = optionalTextAt(result, 'remark')
  return {
    consumeResult: consumeResultOf(result),
    order: boolAt(result, 'order', false),
    autoCommit: boolAt(result, 'autoCommit', true),
    ...(remark === undefined ? {} : { remark }),
    spentTimeMills: intAt(result, 'spentTimeMills', 0),
  }
}

const consumeResultOf = (result: Shape): ConsumeResult => {
  const isNumber = typeof result.members['consumeResult'] === 'number'
  const byNumber = isNumber ? CONSUME_RESULTS[intAt(result, 'consumeResult')] : undefined
  return byNumber ?? oneOfAt(result, 'consumeResult', CONSUME_RESULTS)
}
