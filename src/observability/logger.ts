import { pino, destination } from 'pino'
import { isRocketError } from '../errors.ts'
import type { ClientEvent } from './events.ts'

/** The pino-shaped part of a logger that we call. Pass a pino instance, or anything of this shape. */
export interface Logger {
  /** Connections, routes, repeats: what goes as it should. */
  debug(fields: object, message: string): void
  /** What an operator may want to know: assignments, where a group begins. */
  info(fields: object, message: string): void
  /** What went wrong and is tried again. */
  warn(fields: object, message: string): void
  /** What the application should look at: a failure of a consumer. */
  error(fields: object, message: string): void
}

type Level = 'debug' | 'info' | 'warn' | 'error'

const LEVELS: Readonly<Partial<Record<ClientEvent['type'], Level>>> = {
  'name-server-failed': 'warn',
  'route-failed': 'warn',
  'heartbeat-failed': 'warn',
  'broker-avoided': 'info',
  'coordinator-failed': 'warn',
  'select-failed': 'warn',
  'trace-failed': 'warn',
  'send-abandoned': 'warn',
  'send-not-replicated': 'warn',
  'transaction-failure': 'warn',
  'input-dropped': 'warn',
  'offset-corrected': 'warn',
  'inbound-refused': 'info',
  'late-reply': 'info',
  'topic-missing': 'warn',
  'subscription-conflict': 'error',
  'consumer-failure': 'error',
  'assignment-changed': 'info',
  'start-position': 'info',
}

const levelOf = (event: ClientEvent): Level => {
  if (event.type === 'connection-state') return event.state === 'disconnected' ? 'warn' : 'debug'
  if (event.type === 'broker-health') return event.to === 'unhealthy' ? 'warn' : 'info'
  // Not known yet: a producer has it created, a retry topic comes with the first heartbeat, a consumer says `topic-missing`.
  if (event.type === 'route-failed' && event.error.code === 'ERR_RMQ_ROUTE_NOT_FOUND') return 'info'
  return LEVELS[event.type] ?? 'debug'
}

/** Writes one event to a logger. Errors become their JSON form; payloads are never part of an event. */
export const logEvent = (logger: Logger, event: ClientEvent): void => {
  const { type, ...fields } = event
  logger[levelOf(event)](serialized(fields), `rocketmq ${type}`)
}

const serialized = (fields: object): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      isRocketError(value)
        ? value.toJSON()
        : value instanceof Error
          ? { name: value.name, message: value.message }
          : value,
    ]),
  )

/** pino at `warn` to stderr: stdout belongs to data. Synchronous, so that nothing is lost when the process ends. */
export const defaultLogger = (level: Level = 'warn'): Logger =>
  pino({ level, name: 'rocketmq-rxjs' }, destination({ fd: 2, sync: true }))
