import { createHmac, timingSafeEqual } from 'node:crypto'
import { illegal } from '../errors.ts'
import type { Frame } from './frames/frame.ts'

/** Who asks: an account of ACL 1.0, or a user and its password of ACL 2.0. Both sign in the same way. */
export interface AclCredentials {
  readonly accessKey: string
  readonly secretKey: string
  /** Of a temporary account (STS). */
  readonly securityToken?: string
}

/** What a server finds out about a request before it looks at permissions. */
export type SignatureVerdict = 'valid' | 'unsigned' | 'unknown-user' | 'wrong-signature'

const ACCESS_KEY = 'AccessKey'
const SIGNATURE = 'Signature'
const SECURITY_TOKEN = 'SecurityToken'
const OURS: ReadonlySet<string> = new Set([ACCESS_KEY, SIGNATURE, SECURITY_TOKEN])
/** Servers leave this field out of what a client of 4.9.3 or older (version 399) has signed. */
const UNIQUE_KEY_QUERY = '_UNIQUE_KEY_QUERY'
const LAST_VERSION_WITHOUT_UNIQUE_KEY_QUERY = 399

/**
 * The request with `AccessKey`, `SecurityToken` and `Signature` among its fields, in place of those it had. To be the last
 * thing that happens to a request: a field that changes afterwards makes the signature wrong, so every repeat is signed
 * anew. One-way requests are signed too, answers never (`AclClientRPCHook`, `AclSigner`).
 * @throws ERR_RMQ_ILLEGAL when the access key or the secret key is empty.
 */
export const signed = (frame: Frame, credentials: AclCredentials): Frame => {
  const { accessKey, secretKey, securityToken } = credentials
  if (accessKey === '') throw illegal('the access key of the credentials is empty')
  if (secretKey === '') throw illegal('the secret key of the credentials is empty')
  const fields: Record<string, string> = Object.fromEntries(
    Object.entries(frame.fields).filter(([name]) => !OURS.has(name)),
  )
  fields[ACCESS_KEY] = accessKey
  if (securityToken !== undefined) fields[SECURITY_TOKEN] = securityToken
  fields[SIGNATURE] = signatureOf(signedContent({ ...frame, fields }), secretKey)
  return { ...frame, fields }
}

/**
 * The bytes that a signature covers: the values of all fields but `Signature`, by the UTF-16 order of their names and
 * without anything between them, then the body. Code, opaque, flag, language and remark are not covered.
 */
export const signedContent = ({ fields, body, version }: Pick<Frame, 'fields' | 'body' | 'version'>): Buffer => {
  const names = Object.keys(fields)
    .filter(name => name !== SIGNATURE)
    .filter(name => name !== UNIQUE_KEY_QUERY || version > LAST_VERSION_WITHOUT_UNIQUE_KEY_QUERY)
    .sort()
  const values = names.map(name => fields[name] ?? '').join('')
  return Buffer.concat([Buffer.from(values), body])
}

/** HMAC-SHA1 as base64 with padding. */
export const signatureOf = (content: Uint8Array, secretKey: string): string =>
  createHmac('sha1', secretKey).update(content).digest('base64')

/**
 * Whether a request was signed by the user that it names, as servers decide it. Signatures are compared in a time that does
 * not tell how much of them is right.
 * @param secretKeyOf the secret key of an access key; undefined when there is no such user.
 */
export const verifySignature = (
  frame: Pick<Frame, 'fields' | 'body' | 'version'>,
  secretKeyOf: (accessKey: string) => string | undefined,
): SignatureVerdict => {
  const accessKey = frame.fields[ACCESS_KEY]
  const signature = frame.fields[SIGNATURE]
  if (accessKey === undefined || signature === undefined) return 'unsigned'
  const secretKey = secretKeyOf(accessKey)
  if (secretKey === undefined) return 'unknown-user'
  return isSameText(signature, signatureOf(signedContent(frame), secretKey)) ? 'valid' : 'wrong-signature'
}

const isSameText = (given: string, expected: string): boolean => {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}
