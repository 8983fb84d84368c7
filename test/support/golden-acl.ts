import { expect } from 'vitest'
import { signatureOf, signed, signedContent, verifySignature } from '../../src/protocol/acl-signature.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import type { Serialization } from '../../src/protocol/frames/frame-codec.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import type { Fields, Frame } from '../../src/protocol/frames/frame.ts'
import type { Handlers, Vector } from './golden.ts'

interface HmacVector extends Vector {
  readonly input: { readonly dataUtf8: string; readonly secretKey: string }
  readonly expect: { readonly value: string }
}

interface RequestVector extends Vector {
  readonly input: {
    readonly code: number
    readonly version: number
    readonly extFields: Fields
    readonly body: string | null
    readonly accessKey: string
    readonly secretKey: string
    readonly securityToken: string | null
  }
  readonly expect: { readonly signature: string; readonly contentHex: string; readonly extFields: Fields }
  readonly serverView: string
}

const checkHmac = (vector: Vector): void => {
  const { input, expect: expected } = vector as HmacVector
  expect(signatureOf(Buffer.from(input.dataUtf8, 'hex'), input.secretKey)).toBe(expected.value)
}

const checkRequest = (vector: Vector): void => {
  const { input, expect: expected, serverView } = vector as RequestVector
  const { accessKey, secretKey, securityToken } = input
  const request = signed(
    requestFrame(input.code, {
      version: input.version,
      fields: input.extFields,
      body: Buffer.from(input.body ?? '', 'hex'),
    }),
    { accessKey, secretKey, ...(securityToken === null ? {} : { securityToken }) },
  )
  expect(request.fields).toEqual(expected.extFields)
  expect(signedContent(request).toString('hex')).toBe(expected.contentHex)
  expect(serverView).toContain('JSON accepted')
  const verdict = (read: Frame) => verifySignature(read, user => (user === accessKey ? secretKey : undefined))
  expect(verdict(travelled(request, 'json'))).toBe('valid')
  // a binary header of the official writer carries empty values as null, which its server then signs; ours leaves them out
  if (serverView.endsWith('ROCKETMQ rejected')) expect(Object.values(input.extFields)).toContain('')
  else expect(serverView).toContain('ROCKETMQ accepted')
  if (request.code <= 0x7fff) expect(verdict(travelled(request, 'binary'))).toBe('valid')
}

/** What the other side reads. */
const travelled = (request: Frame, serialization: Serialization): Frame =>
  decodeFrame(encodeFrame(request, serialization).subarray(4))

export const handlers: Handlers = { 'acl/hmac': checkHmac, 'acl/request': checkRequest }
