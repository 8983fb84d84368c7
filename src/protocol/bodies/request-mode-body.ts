import { decodeFailed } from '../../errors.ts'
import { intAt, shapeOfBody, textAt } from '../json-shapes.ts'

const MODES = ['PULL', 'POP'] as const

/** Body of SET_MESSAGE_REQUEST_MODE (401): how a group is to consume a topic. */
export interface RequestModeBody {
  readonly topic: string
  readonly consumerGroup: string
  readonly mode: (typeof MODES)[number]
  /** How many other members have a member's queues too; 0 or less: all have all. */
  readonly popShareQueueNum: number
}

/** The body of SET_MESSAGE_REQUEST_MODE (code 401). */
export const encodeRequestModeBody = ({ consumerGroup, mode, popShareQueueNum, topic }: RequestModeBody): Buffer =>
  Buffer.from(JSON.stringify({ consumerGroup, mode, popShareQueueNum, topic }))

/** Throws `ERR_RMQ_DECODE` for another mode than the two. */
export const decodeRequestModeBody = (body: Buffer): RequestModeBody => {
  const shape = shapeOfBody(body, 'request mode')
  const mode = MODES.find(name => name === textAt(shape, 'mode'))
  if (mode === undefined) throw decodeFailed(`request mode.mode: expected ${MODES.join(' or ')}`)
  return {
    topic: textAt(shape, 'topic'),
    consumerGroup: textAt(shape, 'consumerGroup'),
    mode,
    popShareQueueNum: intAt(shape, 'popShareQueueNum', 0),
  }
}
