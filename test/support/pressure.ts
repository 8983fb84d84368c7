import { firstValueFrom } from 'rxjs'
import type { Pressure, Producer } from '../../src/index.ts'
import { firstWhere } from './first-where.ts'

/** How busy a producer is now. */
export const pressureOf = (producer: Producer): Promise<Pressure> => firstValueFrom(producer.pressure$)

/** Resolves when a producer is as busy as that. */
export const pressedTo = (producer: Producer, wanted: Partial<Pressure>): Promise<Pressure> =>
  firstWhere(producer.pressure$, now =>
    Object.entries(wanted).every(([name, value]) => now[name as keyof Pressure] === value),
  )
