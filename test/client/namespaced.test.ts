import Long from 'long'
import { NEVER } from 'rxjs'
import { expect, it } from 'vitest'
import { namespaced } from '../../src/client/namespaced.ts'
import { decodeClientCheck, encodeClientCheck } from '../../src/protocol/bodies/bodies.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { sqlSubscription } from '../../src/protocol/subscription.ts'
import type { Call } from '../../src/remoting/interceptors.ts'

it('a question about a filter names topic and group in the namespace, and nothing else of it changes', () => {
  const subscription = sqlSubscription('orders', "region = 'orders'", Long.ONE)
  const body = encodeClientCheck({ clientId: 'me', consumerGroup: 'g', subscription })
  const frame = requestFrame(REQUESTS.CHECK_CLIENT_CONFIG.code, { body })
  const asked: Call[] = []
  const call: Call = { kind: 'request', endpoint: 'a:1', role: 'control', frame, timeoutMs: 1, patient: false }
  void namespaced('tenant')(one => {
    asked.push(one)
    return NEVER
  })(call)
  expect(asked.map(one => decodeClientCheck(one.frame.body))).toEqual([
    { clientId: 'me', consumerGroup: 'tenant%g', subscription: { ...subscription, topic: 'tenant%orders' } },
  ])
})
