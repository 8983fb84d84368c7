import { isRocketError } from '../errors.ts'
import { type Fields, type Frame, NO_FIELDS, responseFrame } from '../protocol/frames/frame.ts'
import { RESPONSE } from '../protocol/responses.ts'

/** Version and language of every answer are those of `responseFrame`; the flag is set, the opaque is the request's. */
export const success = (request: Frame, fields: Fields = NO_FIELDS): Frame =>
  responseFrame(request, RESPONSE.SUCCESS, { fields })

export const successWithBody = (request: Frame, body: Buffer): Frame =>
  responseFrame(request, RESPONSE.SUCCESS, { body })

/** The remark is for people: it names what is wrong and what to do, never the payload. */
export const failure = (request: Frame, code: number, remark: string, fields: Fields = NO_FIELDS): Frame =>
  responseFrame(request, code, { remark, fields })

/** Why a request is not carried out. */
export interface Refusal {
  readonly code: number
  readonly remark: string
}

export const refusal = (code: number, remark: string): Refusal => ({ code, remark })

export const isRefusal = (outcome: Fields | Refusal): outcome is Refusal => typeof outcome['code'] === 'number'

/** What reading something gives, or what is wrong with it, for a remark. */
export const attempted = <T>(read: () => T): T | string => {
  try {
    return read()
  } catch (error) {
    if (isRocketError(error)) return error.message
    throw error
  }
}

/** What a check finds wrong, for a remark; undefined when it lets pass. */
export const faultOf = (check: () => void): string | undefined => {
  const fault = attempted(check)
  return typeof fault === 'string' ? fault : undefined
}
