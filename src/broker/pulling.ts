import { map } from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import type { RocketError } from '../errors.ts'
import type { HeaderOf } from '../protocol/requests/fields.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { RESPONSE } from '../protocol/responses.ts'
import { readStoredMessages } from '../protocol/messages/stored-message.ts'
import type { StoredMessage } from '../protocol/messages/stored-message.ts'
import type { Invoke } from '../remoting/invoke.ts'

export type PullHeader = HeaderOf<typeof REQUESTS.PULL_MESSAGE.asks>

/** The outcomes of a pull, by Java's names. */
type PullStatus = 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL'

export interface Pulled {
  readonly status: PullStatus
  readonly messages: readonly StoredMessage[]
  /** What of the body could not be read: the records before it are in `messages`. */
  readonly failure: RocketError | undefined
  /** Where the next pull begins, whatever the status. */
  readonly nextBeginOffset: Long
  readonly minOffset: Long
  readonly maxOffset: Long
  readonly suggestWhichBrokerId: Long
}

const STATUS: Readonly<Record<number, PullStatus>> = {
  [RESPONSE.SUCCESS]: 'FOUND',
  [RESPONSE.PULL_NOT_FOUND]: 'NO_NEW_MSG',
  [RESPONSE.PULL_RETRY_IMMEDIATELY]: 'NO_MATCHED_MSG',
  [RESPONSE.PULL_OFFSET_MOVED]: 'OFFSET_ILLEGAL',
}
const ANSWERS = Object.keys(STATUS).map(Number)

export const createPulling = ({ invoke$ }: Invoke) => ({
  /** Pulls once (PULL_MESSAGE) on the pull connection; the broker may hold it for `suspendTimeoutMillis`. */
  pull$: (endpoint: string, header: PullHeader, timeoutMs: number): Observable<Pulled> =>
    invoke$(endpoint, REQUESTS.PULL_MESSAGE, header, { timeoutMs, role: 'pull', patient: true, accept: ANSWERS }).pipe(
      map(answer => {
        const status = STATUS[answer.code] ?? 'FOUND'
        const { nextBeginOffset, minOffset, maxOffset, suggestWhichBrokerId } = answer.header()
        const read = status === 'FOUND' ? readStoredMessages(answer.body) : { messages: [] }
        return {
          status,
          messages: read.messages,
          failure: read.failure,
          nextBeginOffset,
          minOffset,
          maxOffset,
          suggestWhichBrokerId,
        }
      }),
    ),
})
