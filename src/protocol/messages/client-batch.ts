import { decodeFailed, illegal, tooLarge } from '../../errors.ts'
import { isRetryTopic } from '../names.ts'
import { MAX_PROPERTIES_BYTES, PROPERTY, readProperties, writeProperties } from './properties.ts'

/** One message of a batch. Topic, queue, born time and system flag are the batch's. */
export interface BatchMember {
  /** Belongs to the user. */
  readonly flag: number
  /** Never compressed. */
  readonly body: Buffer
  readonly properties: Readonly<Record<string, string>>
}

/** A member whose properties are not read yet. */
export interface RawBatchMember {
  readonly flag: number
  readonly body: Buffer
  readonly propertiesText: string
}

/** What the rules of batching look at. */
export interface BatchCandidate {
  readonly topic: string
  readonly properties: Readonly<Record<string, string>>
}

/** Size, magic, checksum, flag and body length in front of the body. */
const BYTES_BEFORE_BODY = 20
/** All of that, and the length of the properties. */
const MIN_MEMBER_BYTES = 22
/** Each would make the broker delay the whole batch, or be ignored on a member. */
const DELAYING = [
  PROPERTY.DELAY,
  PROPERTY.TIMER_DELAY_SECONDS,
  PROPERTY.TIMER_DELAY_MS,
  PROPERTY.TIMER_DELIVER_MS,
] as const

/**
 * The body of a batch send: members back to back, magic and checksum zero because the broker fills them in. Properties of
 * more than 32,767 bytes throw `ERR_RMQ_TOO_LARGE`; the size of the whole is the caller's to bound.
 */
export const encodeBatchBody = (members: readonly BatchMember[]): Buffer =>
  encodeRawBatch(
    members.map(({ flag, body, properties }) => ({ flag, body, propertiesText: writeProperties(properties) })),
  )

/** The same of members whose properties are text already. One buffer for all: there may be many, and each is small. */
export const encodeRawBatch = (members: readonly RawBatchMember[]): Buffer => {
  const bytes = Buffer.alloc(members.reduce((sum, member) => sum + batchMemberBytes(member), 0))
  let at = 0
  members.forEach((member, position) => (at = writeMember(bytes, at, member, position)))
  return bytes
}

/** What a member takes in the body of a batch. */
export const batchMemberBytes = ({ body, propertiesText }: Omit<RawBatchMember, 'flag'>): number =>
  MIN_MEMBER_BYTES + body.length + Buffer.byteLength(propertiesText)

const writeMember = (
  bytes: Buffer,
  at: number,
  { flag, body, propertiesText }: RawBatchMember,
  position: number,
): number => {
  const textAt = at + MIN_MEMBER_BYTES + body.length
  const textBytes = bytes.write(propertiesText, textAt)
  if (textBytes > MAX_PROPERTIES_BYTES) {
    throw tooLarge(`the properties text of batch member ${position + 1}`, textBytes, MAX_PROPERTIES_BYTES)
  }
  const end = textAt + textBytes
  bytes.writeInt32BE(end - at, at)
  bytes.writeInt32BE(flag, at + 12)
  bytes.writeInt32BE(body.length, at + 16)
  bytes.set(body, at + BYTES_BEFORE_BODY)
  bytes.writeInt16BE(textBytes, textAt - 2)
  return end
}

/** The members of a batch body; a member whose lengths contradict each other throws `ERR_RMQ_DECODE`. */
export const decodeBatchBody = (body: Buffer): readonly BatchMember[] =>
  readBatchMembers(body).map(({ propertiesText, ...member }) => ({
    ...member,
    properties: readProperties(propertiesText),
  }))

/** Members of a batch at most: of the smallest, more than brokers take in one request. */
const MOST_MEMBERS = 262_144

/** The same with properties as text, for those who store it. Bodies are views of the batch body. */
export const readBatchMembers = (body: Buffer): readonly RawBatchMember[] => {
  const members: RawBatchMember[] = []
  let at = 0
  while (at < body.length) {
    const end = endOfMember(body, at)
    if (members.length === MOST_MEMBERS) throw decodeFailed(`a batch has more than ${MOST_MEMBERS} members`)
    if (typeof end === 'string') throw decodeFailed(`batch member ${members.length + 1} at byte ${at}: ${end}`)
    const propertiesLengthAt = at + BYTES_BEFORE_BODY + body.readInt32BE(at + 16)
    members.push({
      flag: body.readInt32BE(at + 12),
      body: body.subarray(at + BYTES_BEFORE_BODY, propertiesLengthAt),
      propertiesText: body.toString('utf8', propertiesLengthAt + 2, end),
    })
    at = end
  }
  return members
}

/** Where the member that begins here ends, or what is wrong with it. Magic and checksum do not count. */
const endOfMember = (bytes: Buffer, start: number): number | string => {
  const left = bytes.length - start
  if (left < MIN_MEMBER_BYTES) return `it is cut off: expected at least ${MIN_MEMBER_BYTES} bytes, ${left} are left`
  const size = bytes.readInt32BE(start)
  if (size > left) return `it announces ${size} bytes: expected at most ${left}, which are left`
  if (size < MIN_MEMBER_BYTES) return `it announces ${size} bytes: expected at least ${MIN_MEMBER_BYTES}`
  const bodyLength = bytes.readInt32BE(start + 16)
  if (bodyLength < 0 || bodyLength > size - MIN_MEMBER_BYTES) {
    return `its body has ${bodyLength} bytes: expected 0 to ${size - MIN_MEMBER_BYTES}`
  }
  const propertiesLength = bytes.readInt16BE(start + BYTES_BEFORE_BODY + bodyLength)
  if (MIN_MEMBER_BYTES + bodyLength + propertiesLength !== size) {
    return `it announces ${size} bytes: expected ${MIN_MEMBER_BYTES + bodyLength + propertiesLength}, as its parts add up`
  }
  return start + size
}

/**
 * Throws `ERR_RMQ_ILLEGAL` for messages that cannot share a batch: none at all, several topics, different `WAIT`, a retry
 * topic, a delay or timer, half messages. The official client (`MessageBatch`) lets timers and half messages through;
 * brokers then deliver them at once.
 */
export const checkBatch = (messages: readonly BatchCandidate[]): void => {
  const [first] = messages
  if (first === undefined) throw illegal('a batch needs at least one message')
  for (const { topic, properties } of messages) {
    if (isRetryTopic(topic)) throw illegal(`topic "${topic}" is a retry topic: its messages cannot be sent in a batch`)
    if (topic !== first.topic) throw illegal(`a batch has one topic, not "${first.topic}" and "${topic}"`)
    if (waits(properties) !== waits(first.properties)) throw illegal('all messages of a batch must agree on WAIT')
    const delaying = DELAYING.find(name => isDelaying(properties[name]))
    if (delaying !== undefined) throw illegal(`a message with property ${delaying} cannot be sent in a batch`)
    if (properties[PROPERTY.TRANSACTION_PREPARED] === 'true') throw illegal('half messages cannot be sent in a batch')
  }
}

// as Java: missing means wait, other text than "true" means do not
const waits = (properties: BatchCandidate['properties']): boolean =>
  (properties[PROPERTY.WAIT] ?? 'true').toLowerCase() === 'true'

// a level of 0 or less does not delay; what is no number is refused by the broker
const isDelaying = (value: string | undefined): boolean => value !== undefined && !(Number(value) <= 0)
