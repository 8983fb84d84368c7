import { GROUP_REQUESTS, LOOKUP_REQUESTS, TOPIC_REQUESTS } from './requests-admin.ts'
import { ACCESS_REQUESTS, BROKER_UPKEEP_REQUESTS } from './requests-broker-upkeep.ts'
import { CONSUMING_REQUESTS } from './requests-consuming.ts'
import { CONTROLLER_REQUESTS } from './requests-controller.ts'
import { NAME_SERVER_REQUESTS } from './requests-name-server.ts'
import { OFFSET_REQUESTS } from './requests-offsets.ts'
import { POPPING_REQUESTS } from './requests-popping.ts'
import { SENDING_REQUESTS } from './requests-sending.ts'

export type { RequestRow } from './request-row.ts'

/**
 * Every request of the protocol by its official name: its code, the fields of its header and those of a successful answer
 * (`RequestCode` and the header classes of 5.3.3, with what 4.9 and 5.5 have besides). A field is here when a sample of
 * an official implementation or the description of the protocol shows it; rows of which nothing but the code is known are
 * made by `undescribed`.
 */
export const REQUESTS = {
  ...SENDING_REQUESTS,
  ...CONSUMING_REQUESTS,
  ...POPPING_REQUESTS,
  ...OFFSET_REQUESTS,
  ...TOPIC_REQUESTS,
  ...GROUP_REQUESTS,
  ...LOOKUP_REQUESTS,
  ...NAME_SERVER_REQUESTS,
  ...BROKER_UPKEEP_REQUESTS,
  ...ACCESS_REQUESTS,
  ...CONTROLLER_REQUESTS,
} as const

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(REQUESTS).map(([name, { code }]) => [code, name]))

/** Name of a request code; the number as text when it is unknown. */
export const requestName = (code: number): string => NAMES.get(code) ?? String(code)
