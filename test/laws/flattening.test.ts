import { concatMap, count, expand, filter, lastValueFrom, mergeMap, of, range, repeat, retry, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/index.ts'
import { HELLO, unreachable, world } from './world.ts'
import type { World } from './world.ts'

describe('sends are safe in every flattening of the user', () => {
  const MANY = 5_000 // enough to overflow the stack if any of it recursed
  const each = (worldOf: World) => {
    const producer = worldOf.client.producer({ retries: 0, maxInFlight: 64, maxQueued: MANY })
    return () => producer.sendOutcome$(HELLO)
  }

  it('concatMap: every one of thousands is told', async () => {
    const send$ = each(world())
    expect(await lastValueFrom(range(0, 2_000).pipe(concatMap(send$), count()))).toBe(2_000)
  })

  it('mergeMap with a limit, while every send fails as soon as it is tried', async () => {
    const send$ = each(unreachable())
    const failed$ = range(0, MANY).pipe(
      mergeMap(send$, 64),
      filter(outcome => !outcome.ok),
      count(),
    )
    expect(await lastValueFrom(failed$)).toBe(MANY)
  })

  it('mergeMap without a limit', async () => {
    const send$ = each(world())
    expect(await lastValueFrom(range(0, MANY).pipe(mergeMap(send$), count()))).toBe(MANY)
  })

  it('repeat, retry and expand', async () => {
    const send$ = each(world())
    expect(await lastValueFrom(send$().pipe(repeat(2_000), count()))).toBe(2_000)
    expect(await lastValueFrom(of(0).pipe(expand(send$), take(2_000), count()))).toBe(2_000)
    const refused = unreachable().client.producer({ retries: 0 })
    const failure: unknown = await lastValueFrom(refused.send$(HELLO).pipe(retry(2_000))).catch(
      (error: unknown) => error,
    )
    expect(isRocketError(failure) && failure.code).toBe('ERR_RMQ_CONNECT')
  })
})
