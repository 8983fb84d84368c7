import { expect } from 'vitest'
import { consumeTimestamp, parseConsumeTimestamp } from '../../src/protocol/consume-timestamp.ts'
import { parseDelayLevels } from '../../src/protocol/delay-levels.ts'
import { PROTOCOL_VERSION } from '../../src/protocol/frames/frame.ts'
import { languageCode, languageOfCode, languageOfName } from '../../src/protocol/frames/languages.ts'
import { isInherited, isReadable, isValidPerm, isWriteable, permText } from '../../src/protocol/permissions.ts'
import { requestName, REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE, RESPONSE_BEFORE_5, responseName } from '../../src/protocol/responses.ts'
import { retryDelayMs } from '../../src/protocol/bodies/retry-policies.ts'
import {
  compressionOf,
  MESSAGE_FLAG,
  pullFlags,
  transactionOf,
  withoutCommitOffset,
  withoutCompression,
  withTransaction,
} from '../../src/protocol/sys-flags.ts'
import type { PullSwitches } from '../../src/protocol/sys-flags.ts'
import { versionName, versionOrdinal } from '../../src/protocol/versions.ts'
import type { Handlers, Vector } from './golden.ts'
import { resultOf, sameOutcome } from './golden-outcome.ts'
import type { Result } from './golden-outcome.ts'
import { inTimeZone } from './time-zone.ts'

/** What stands behind a path in the name of a vector. */
const lastOf = ({ name }: Vector): string => name.slice(name.lastIndexOf('/') + 1)

const ILLEGAL = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }) as unknown as Error

// ---- flags

interface PullFlagVector extends Vector {
  readonly input: PullSwitches
  readonly expect: { readonly sysFlag: number; readonly clearedCommit: number }
}

const checkPullFlags = (vector: Vector): void => {
  const { input, expect: expected } = vector as PullFlagVector
  expect(pullFlags(input)).toBe(expected.sysFlag)
  expect(withoutCommitOffset(expected.sysFlag)).toBe(expected.clearedCommit)
}

interface MessageFlagVector extends Vector {
  readonly input: number
  readonly expect: {
    readonly transactionValue: number
    readonly clearedCompressed: number
    readonly toCommit: number
    readonly toRollback: number
    readonly compressionType: Result<string>
  }
}

const checkMessageFlags = (vector: Vector): void => {
  const { input, expect: expected } = vector as MessageFlagVector
  expect(withTransaction(0, transactionOf(input))).toBe(expected.transactionValue)
  expect(withTransaction(input, 'commit')).toBe(expected.toCommit)
  expect(withTransaction(input, 'rollback')).toBe(expected.toRollback)
  expect(withTransaction(input, 'none')).toBe(input - expected.transactionValue)
  expect(withoutCompression(input)).toBe(expected.clearedCompressed)
  // the official code reads the type whether the body is compressed or not; ours asks about the body
  sameOutcome(
    resultOf(() => compressionOf(input | MESSAGE_FLAG.COMPRESSED).toUpperCase()),
    expected.compressionType,
  )
  if ((input & MESSAGE_FLAG.COMPRESSED) === 0) expect(compressionOf(input)).toBe('none')
}

interface PermVector extends Vector {
  readonly input: number
  readonly expect: {
    readonly text: string
    readonly readable: boolean
    readonly writeable: boolean
    readonly inherited: boolean
    readonly valid: boolean
  }
}

const checkPerm = (vector: Vector): void => {
  const { input, expect: expected } = vector as PermVector
  expect({
    text: permText(input),
    readable: isReadable(input),
    writeable: isWriteable(input),
    inherited: isInherited(input),
    valid: isValidPerm(input),
  }).toEqual(expected)
}

// ---- times

interface DelayVector extends Vector {
  readonly input: string
  readonly expect: {
    readonly parsed: boolean
    readonly levels: Readonly<Record<string, string>>
    readonly maxLevel: number
  }
}

const checkDelayLevels = (vector: Vector): void => {
  const { input, expect: expected } = vector as DelayVector
  if (!expected.parsed) {
    // the official broker does not start then, so that the highest level it got to means nothing
    expect(() => parseDelayLevels(input)).toThrow(ILLEGAL)
    return
  }
  const levels = parseDelayLevels(input)
  expect(Object.fromEntries(levels.map((ms, index) => [String(index + 1), String(ms)]))).toEqual(expected.levels)
  expect(levels).toHaveLength(expected.maxLevel)
}

interface RetryVector extends Vector {
  readonly input: readonly string[]
  readonly expect: readonly string[]
}

const checkCustomizedRetry = (vector: Vector): void => {
  const { input, expect: expected } = vector as RetryVector
  const policy = { type: 'CUSTOMIZED', next: input.map(Number) } as const
  expect(expected.map((_, times) => String(retryDelayMs(policy, times)))).toEqual(expected)
}

interface TimestampVector extends Vector {
  readonly input: { readonly timeZone: string; readonly millis: string }
  readonly expect: { readonly text: string; readonly parsed: string }
}

const checkConsumeTimestamp = (vector: Vector): void => {
  const { input, expect: expected } = vector as TimestampVector
  inTimeZone(input.timeZone, () => {
    expect(consumeTimestamp(Number(input.millis))).toBe(expected.text)
    expect(String(parseConsumeTimestamp(expected.text))).toBe(expected.parsed)
  })
}

// ---- number tables

const checkLanguage = (vector: Vector): void => {
  const { input, expect: code } = vector as Vector & { readonly input: string; readonly expect: number }
  const language = languageOfName(input)
  if (language === undefined) throw new Error(`the language ${input} is unknown`)
  expect(languageCode(language)).toBe(code)
  expect(languageOfCode(code)).toBe(language)
}

const checkVersion = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { readonly input: string; readonly expect: { value: number } }
  expect(versionOrdinal(input)).toBe(expected.value)
  expect(versionName(expected.value)).toBe(input)
}

const checkVersionText = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { readonly input: number; readonly expect: { value: string } }
  expect(versionName(input)).toBe(expected.value)
}

/** We say the version of the release that we were made after. */
const checkCurrentVersion = (vector: Vector): void => {
  const { expect: code, differs } = vector as Vector & { expect: number; differs: Readonly<Record<string, number>> }
  expect(PROTOCOL_VERSION).toBe(code)
  for (const [release, ordinal] of Object.entries({ ...differs, '5.3.3': code })) {
    expect(versionOrdinal(`V${release.replaceAll('.', '_')}`)).toBe(ordinal)
  }
}

const checkRequestCode = (vector: Vector): void => {
  const name = lastOf(vector)
  const row = (REQUESTS as Readonly<Record<string, { readonly code: number }>>)[name]
  expect(row?.code).toBe(vector.expect)
  expect(requestName(vector.expect as number)).toBe(name)
}

/** Releases give some numbers different names: the sample says which one it is of. */
const checkResponseCode = (vector: Vector): void => {
  const name = lastOf(vector)
  const release = /\[(.*)\]/.exec(vector.source as string)?.[1] ?? ''
  const serverVersion = versionOrdinal(`V${release.replaceAll('.', '_')}`)
  const codes: Readonly<Record<string, number>> = { ...RESPONSE, ...RESPONSE_BEFORE_5 }
  expect(codes[name]).toBe(vector.expect)
  expect(responseName(vector.expect as number, serverVersion)).toBe(name)
}

export const handlers: Handlers = {
  'flags/pull': checkPullFlags,
  'flags/message': checkMessageFlags,
  'flags/perm': checkPerm,
  'delay-levels': checkDelayLevels,
  'retry-policy/customized-1s-5s-10s': checkCustomizedRetry,
  'consume-timestamp': checkConsumeTimestamp,
  language: checkLanguage,
  version: checkVersion,
  'version/text': checkVersionText,
  'version/current': checkCurrentVersion,
  'request-code': checkRequestCode,
  'response-code': checkResponseCode,
}
