import { decodeFailed, illegal } from '../errors.ts'
import { withoutTrailing } from './without-trailing.ts'

/** What the broker needs to find a timed message that is to be recalled (`RecallMessageHandle.HandleV1`). */
export interface RecallHandle {
  readonly topic: string
  readonly brokerName: string
  /** When the message is due: epoch ms as text, which nobody but the broker reads. */
  readonly timestamp: string
  /** The unique key of the message. */
  readonly messageId: string
}

const VERSION = 'v1'
const URL_SAFE_BASE64 = /^[A-Za-z0-9_-]*={0,2}$/

/** URL-safe base64 of the parts with blanks between them. Throws `ERR_RMQ_ILLEGAL` for a part with a blank. */
export const encodeRecallHandle = ({ topic, brokerName, timestamp, messageId }: RecallHandle): string => {
  const parts = [topic, brokerName, timestamp, messageId]
  const split = parts.find(part => part.includes(' '))
  if (split !== undefined) throw illegal(`"${split}" has a blank: a recall handle cannot hold it`)
  const bare = Buffer.from([VERSION, ...parts].join(' ')).toString('base64url')
  return bare + '='.repeat((4 - (bare.length % 4)) % 4)
}

/** Parts behind the last one are for later versions and left alone. Throws `ERR_RMQ_DECODE`. */
export const decodeRecallHandle = (handle: string): RecallHandle => {
  const bare = withoutTrailing(handle, '=')
  if (!URL_SAFE_BASE64.test(handle) || bare.length % 4 === 1 || (handle !== bare && handle.length % 4 !== 0)) {
    throw decodeFailed('recall handle: expected URL-safe base64')
  }
  const [version, topic, brokerName, timestamp, messageId] = Buffer.from(bare, 'base64url').toString('utf8').split(' ')
  if (version !== VERSION) throw decodeFailed(`recall handle: expected version ${VERSION} at its start`)
  if (topic === undefined || brokerName === undefined || timestamp === undefined || messageId === undefined) {
    throw decodeFailed(
      'recall handle: expected version, topic, broker name, timestamp and message id with blanks between',
    )
  }
  return { topic, brokerName, timestamp, messageId }
}
