import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signed, signedContent, verifySignature } from '../../src/protocol/acl-signature.ts'
import type { AclCredentials } from '../../src/protocol/acl-signature.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { onewayFrame, requestFrame } from '../../src/protocol/frames/frame.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import { thrownBy } from '../support/failure.ts'

const ALICE: AclCredentials = { accessKey: 'alice', secretKey: 'wonderland' }
const SECRETS: Readonly<Record<string, string>> = { alice: 'wonderland', bob: 'builder' }
const verdict = (frame: Frame) => verifySignature(frame, user => SECRETS[user])

const request = requestFrame(310, {
  fields: { b: 'TopicTest', a: 'group', e: '1' },
  body: Buffer.from('body'),
  opaque: 7,
})

describe('a signed request', () => {
  it('keeps everything it had, and leaves the one that was given as it was', () => {
    const before = { ...request.fields }
    const { fields, ...rest } = signed(request, ALICE)
    expect(fields).toEqual({
      ...before,
      AccessKey: 'alice',
      Signature: expect.stringMatching(/^[\w+/]{27}=$/) as string,
    })
    expect(request.fields).toEqual(before)
    expect(rest).toMatchObject({ code: 310, opaque: 7, flag: 0 })
  })

  it('is valid on the other side in both forms of a header, whatever its fields and body are', () => {
    const fields = fc.dictionary(
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.string({ minLength: 1, unit: 'grapheme' }),
    )
    fc.assert(
      fc.property(fields, fc.uint8Array(), (all, body) => {
        const frame = signed(onewayFrame(15, { fields: all, body: Buffer.from(body) }), ALICE)
        for (const form of ['json', 'binary'] as const) {
          expect(verdict(decodeFrame(encodeFrame(frame, form).subarray(4)))).toBe('valid')
        }
      }),
    )
  })

  it('is not valid any more when a field, a value or the body changes, and is when code, opaque or remark does', () => {
    const frame = signed(request, { ...ALICE, securityToken: 'token' })
    expect(verdict(frame)).toBe('valid')
    expect(verdict({ ...frame, code: 11, opaque: 9, remark: 'x' })).toBe('valid')
    for (const changed of [
      { ...frame, body: Buffer.from('bodY') },
      { ...frame, fields: { ...frame.fields, e: '2' } },
      { ...frame, fields: { ...frame.fields, SecurityToken: 'other' } },
      { ...frame, fields: { ...frame.fields, more: 'x' } },
      { ...frame, fields: { ...frame.fields, Signature: '' } },
      { ...frame, fields: { ...frame.fields, AccessKey: 'bob' } },
    ]) {
      expect(verdict(changed)).toBe('wrong-signature')
    }
  })

  it('is signed anew for every repeat, without a trace of who signed before', () => {
    const first = signed(request, { accessKey: 'bob', secretKey: 'builder', securityToken: 'bobs' })
    const again = signed({ ...first, fields: { ...first.fields, e: '2' } }, ALICE)
    expect(again.fields).toEqual(signed({ ...request, fields: { ...request.fields, e: '2' } }, ALICE).fields)
    expect(verdict(again)).toBe('valid')
  })

  it('of a client of 4.9.3 or older leaves out the one field that servers leave out for such clients', () => {
    const fields = { _UNIQUE_KEY_QUERY: 'true', topic: 't' }
    const content = (version: number) => signedContent({ fields, version, body: Buffer.alloc(0) }).toString()
    expect([content(399), content(400)]).toEqual(['t', 'truet'])
    expect(verdict(signed(requestFrame(12, { fields, version: 399 }), ALICE))).toBe('valid')
  })

  it('needs both keys, and names the one that is missing without telling the other', () => {
    for (const [credentials, missing] of [
      [{ accessKey: '', secretKey: 'wonderland' }, 'access key'],
      [{ accessKey: 'alice', secretKey: '' }, 'secret key'],
    ] as const) {
      const error = thrownBy(() => signed(request, credentials))
      expect(error.code).toBe('ERR_RMQ_ILLEGAL')
      expect(error.message).toContain(missing)
      expect(JSON.stringify(error)).not.toMatch(/wonderland|alice/)
    }
  })
})

describe('a request that is not signed, or by nobody known,', () => {
  it('is told apart from one with a wrong signature', () => {
    expect(verdict(request)).toBe('unsigned')
    expect(verdict({ ...request, fields: { AccessKey: 'alice' } })).toBe('unsigned')
    expect(verdict({ ...request, fields: { Signature: 'x' } })).toBe('unsigned')
    expect(verdict(signed(request, { ...ALICE, accessKey: 'mallory' }))).toBe('unknown-user')
    expect(verdict(signed(request, { ...ALICE, secretKey: 'guessed' }))).toBe('wrong-signature')
  })
})
