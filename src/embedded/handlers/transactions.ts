import { readHeader } from '../../protocol/requests/fields.ts'
import type { Frame } from '../../protocol/frames/frame.ts'
import { PROPERTY } from '../../protocol/messages/properties.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { BROKER_DEFAULTS } from '../../protocol/server-defaults.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import { MESSAGE_FLAG } from '../../protocol/sys-flags.ts'
import { failure, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'
import { immunityMs } from '../transactions.ts'

/** A producer says what became of a transaction. `unknown` is as good as silence, and has no answer. */
export const endTransaction: Handler<BrokerContext> = (context, request): Frame | undefined => {
  const header = readHeader(REQUESTS.END_TRANSACTION.asks, request.fields)
  const { commitOrRollback, producerGroup, tranStateTableOffset, commitLogOffset, fromTransactionCheck } = header
  const isCommit = commitOrRollback === MESSAGE_FLAG.TRANSACTION_COMMIT
  if (!isCommit && commitOrRollback !== MESSAGE_FLAG.TRANSACTION_ROLLBACK) return undefined
  const half = context.transactions.at(commitLogOffset)
  if (half === undefined) {
    return failure(request, RESPONSE.SYSTEM_ERROR, `no half message at physical offset ${commitLogOffset.toString()}`)
  }
  const { properties, queueOffset } = half.message
  if (fromTransactionCheck !== true && isTooLate(half.message, context.timers.now())) {
    return failure(request, RESPONSE.ILLEGAL_OPERATION, 'the producer said how long it may take, and took longer')
  }
  const group = properties[PROPERTY.PRODUCER_GROUP] ?? ''
  if (group !== producerGroup) {
    return failure(request, RESPONSE.SYSTEM_ERROR, `the half message is of group "${group}"`)
  }
  if (!queueOffset.equals(tranStateTableOffset)) {
    return failure(request, RESPONSE.SYSTEM_ERROR, `the half message is at queue offset ${queueOffset.toString()}`)
  }
  context.transactions.end(half, isCommit ? 'commit' : 'rollback')
  return success(request)
}

/** Whoever asks not to be checked before a time must have said by then how it ended; later only a check decides. */
const isTooLate = (half: StoredMessage, nowMs: number): boolean =>
  half.properties[PROPERTY.CHECK_IMMUNITY_SECONDS] !== undefined &&
  nowMs - half.bornTimestamp > immunityMs(half, BROKER_DEFAULTS.transactionTimeOut)
