import { createClient, isRocketError, PRODUCER_DEFAULTS, PRODUCER_PRESETS } from 'rocketmq-rxjs'
import { codecs, message, producerOptionsFromEnv, producerPreset, topic } from 'rocketmq-rxjs'
import type { ProducerOptions } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Options are plain objects, so what wins is what is spread last: defaults, a preset, the environment, the program, and
 * then what is said to a single call. What is wrong is told at once, all of it, before anything is opened.
 */
await using cluster = await openCluster()
await using client = createClient({ ...cluster.config, logger: false }) // failures are expected here

// 1. A preset is a set of options with a name. By the name, as an environment has it, in any spelling.
const preset = producerPreset('high-perf')
console.log(`a preset: ${preset === PRODUCER_PRESETS.highPerformance}, its timeout is ${preset.timeoutMs} ms`)

// 2. What the environment says, and nothing else. Without an argument: process.env.
const fromEnv = producerOptionsFromEnv({ ROCKETMQ_RETRY_TIMES: '4', ROCKETMQ_ROUTING_STRATEGY: 'round_robin' })
console.log(`the environment says ${JSON.stringify(fromEnv)}`)

// 3. The later wins.
const own = { group: perRun('shop'), timeoutMs: 2_000 }
const options = { ...preset, ...fromEnv, ...own }
const { timeoutMs, retries, hash } = { ...PRODUCER_DEFAULTS, ...options }
console.log(`timeout ${timeoutMs} ms, ${retries} repeats, hash ${hash}: the program, the environment, the default`)

// 4. What is said to a call wins over what was said to the producer.
const orders = topic(perRun('orders'), codecs.text)
const producer = client.producer(options)
const { status, queue } = await producer.send(message(orders, 'an order'), { timeoutMs: 10_000 })
const asked = await producer.send(message(orders, 'another one'), { queue, timeoutMs: 10_000 })
const sameQueue = asked.queue.queueId === queue.queueId
console.log(`${status}; the call chose its queue, in spite of the strategy: ${sameQueue}`)

// 5. All that is wrong, in one error: nobody has to start a program four times to find four mistakes.
const problemsOf = (work: () => unknown): readonly string[] => {
  try {
    work()
    return []
  } catch (error) {
    if (!isRocketError(error)) throw error
    return error.problems
  }
}
const wrong: ProducerOptions = { group: 'a b', timeoutMs: -1, retries: 99, maxInFlight: 0 }
const problems = problemsOf(() => client.producer(wrong))
for (const problem of problems) console.log(`- ${problem}`)
const inEnv = problemsOf(() =>
  producerOptionsFromEnv({ ROCKETMQ_RETRY_TIMES: 'often', ROCKETMQ_SEND_MSG_TIMEOUT: '0' }),
)
for (const problem of inEnv) console.log(`- ${problem}`)
console.log(`${problems.length} problems of the program, ${inEnv.length} of the environment, told at once`)
