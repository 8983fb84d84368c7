import { verifySignature } from '../protocol/acl-signature.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import { RESPONSE } from '../protocol/responses.ts'
import { type Refusal, refusal } from './answers.ts'

/** What an official broker since 5.3 says to a request that nobody has signed, or not rightly (ACL 2.0). */
export const authenticate =
  (users: ReadonlyMap<string, string>) =>
  (request: Frame): Refusal | undefined => {
    const verdict = verifySignature(request, accessKey => users.get(accessKey))
    if (verdict === 'valid') return undefined
    if (verdict === 'unsigned') return denied('username cannot be null.')
    if (verdict === 'unknown-user') return denied(`User:${request.fields['AccessKey'] ?? ''} is not found.`)
    return denied('check signature failed.')
  }

const denied = (remark: string): Refusal => refusal(RESPONSE.NO_PERMISSION, remark)
