import { from, lastValueFrom, tap, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { boundedMap } from '../../src/index.ts'
import { closeStage, openStage, playStopRound } from '../support/stop-round.ts'
import type { StopStage } from '../support/stop-round.ts'
import { startTarget } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

/** `npm run test:stops` asks for more, and may watch. */
const { ROCKETMQ_STOP_ROUNDS, ROCKETMQ_STOP_SEED = '1', ROCKETMQ_STOP_WATCHED } = process.env
const AT_ONCE = 4
/** How often a round that went wrong is played by itself. */
const TIMES_AGAIN = 3

let cluster: TestCluster
let stages: StopStage[]
beforeAll(async () => {
  cluster = await startTarget()
  stages = Array.from({ length: AT_ONCE }, () => openStage(cluster))
})
afterAll(async () => {
  for (const stage of stages) await closeStage(stage)
  await cluster.stop()
})

unhandledErrors()

const rounds = (): number => Number(ROCKETMQ_STOP_ROUNDS ?? (process.env['ROCKETMQ_TEST_TARGET'] === 'real' ? 20 : 50))

it(
  'a member that is stopped under load, whenever and however, loses nothing, and only what it had in hand comes again',
  async () => {
    const seeds = Array.from({ length: rounds() }, (_, n) => n + Number(ROCKETMQ_STOP_SEED))
    const wrong: number[] = []
    const failures: string[] = []
    let played = 0
    const play = async (seed: number): Promise<void> => {
      const stage = stages.pop()!
      await playStopRound(stage, seed).catch(() => wrong.push(seed))
      stages.push(stage)
    }
    const progress = (): void => {
      if (ROCKETMQ_STOP_WATCHED === 'yes')
        process.stderr.write(`\r${++played} of ${seeds.length} rounds, ${wrong.length} wrong `)
    }
    await lastValueFrom(from(seeds).pipe(boundedMap(play, { concurrency: AT_ONCE }), tap(progress), toArray()))
    // What a busy machine did (an answer that came too late) does not come again when a round is played by itself.
    for (const seed of wrong) {
      for (let time = 0; time < TIMES_AGAIN; time++) {
        await playStopRound(stages[0]!, seed).catch((error: unknown) => failures.push(String(error)))
      }
    }
    expect(failures).toEqual([])
  },
  60_000 + 5_000 * rounds(),
)
