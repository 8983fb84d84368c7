import { defaultIfEmpty, defer, from, map, of, ReplaySubject, share, switchMap, take, timeout } from 'rxjs'
import { catchError, throwError } from 'rxjs'
import type { Observable, ObservableInput, SchedulerLike } from 'rxjs'
import { illegal, isRocketError, operationTimeout, RocketError } from '../errors.ts'
import { signed } from '../protocol/acl-signature.ts'
import type { AclCredentials } from '../protocol/acl-signature.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import { isDenied } from '../protocol/responses.ts'
import type { Interceptor } from './interceptors.ts'

/** Who signs: `accessKey`, `secretKey` and, of a temporary account, `securityToken`. Never logged. */
export type Credentials = AclCredentials

/** Fixed, or a function whose first value is used until a broker refuses it; then it is asked again. */
export type CredentialsSource = Credentials | (() => ObservableInput<Credentials>)

/** The same with their secrets out of sight of JSON and of consoles. ERR_RMQ_ILLEGAL for what cannot sign. */
const toCredentials = (given: unknown): Credentials => {
  if (typeof given !== 'object' || given === null) throw illegal('credentials are not an object with two keys')
  const { accessKey, secretKey, securityToken } = given as Partial<Record<keyof Credentials, unknown>>
  const key = (name: string, value: unknown): string => {
    if (typeof value === 'string' && value !== '') return value
    throw illegal(`credentials.${name} is ${value === '' ? 'empty' : `no text but ${typeof value}`}`)
  }
  const shown = () => ({
    accessKey,
    secretKey: '***',
    ...(securityToken === undefined ? {} : { securityToken: '***' }),
  })
  const credentials: Credentials = {
    accessKey: key('accessKey', accessKey),
    secretKey: key('secretKey', secretKey),
    ...(securityToken === undefined ? {} : { securityToken: key('securityToken', securityToken) }),
  }
  return Object.defineProperties(credentials, {
    toJSON: { value: shown },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: shown },
  })
}

/** Throws ERR_RMQ_ILLEGAL for credentials that cannot sign; a function is asked when they are needed. None is fine. */
export const checkCredentials = (given: CredentialsSource | undefined): void => {
  if (given !== undefined && typeof given !== 'function') toCredentials(given)
}

/** After credentials that a broker refused, a function is not asked again for so long, ms. */
const ASKED_AGAIN_MS = 1_000

interface Kept {
  readonly credentials$: Observable<Credentials>
  readonly at: number
}

/**
 * Signs every request, one-way ones as well; answers never. To be the innermost interceptor: a field that changes later
 * makes the signature wrong. A request that is refused is signed and asked once more when there are other credentials by
 * now: it was not carried out.
 */
export const signing = (source: CredentialsSource, scheduler: SchedulerLike): Interceptor => {
  if (typeof source !== 'function') {
    const fixed = toCredentials(source)
    return next => call => next(call.kind === 'reply' ? call : { ...call, frame: signed(call.frame, fixed) })
  }

  let kept: Kept | undefined
  const fetched = (): Kept => ({
    at: scheduler.now(),
    credentials$: defer(() => from(source())).pipe(
      take(1),
      defaultIfEmpty<Credentials, undefined>(undefined),
      map(toCredentials),
      catchError((cause: unknown) => throwError(() => unavailable(cause))),
      // kept when complete, also while nobody looks; after a failure the next one asks again
      share({ connector: () => new ReplaySubject(1), resetOnComplete: false, resetOnRefCountZero: false }),
    ),
  })
  const current$ = (timeoutMs: number): Observable<Credentials> =>
    defer(() => (kept ??= fetched()).credentials$).pipe(
      timeout({ first: timeoutMs, scheduler, with: () => throwError(() => operationTimeout(GETTING, timeoutMs)) }),
    )
  const refuse = (used: Kept | undefined): void => {
    if (kept === used && used !== undefined && scheduler.now() - used.at >= ASKED_AGAIN_MS) kept = undefined
  }

  return next => call =>
    call.kind === 'reply'
      ? next(call)
      : current$(call.timeoutMs).pipe(
          switchMap(first => {
            const used = kept
            return next({ ...call, frame: signed(call.frame, first) }).pipe(
              switchMap(answer => {
                if (answer === undefined || !isDenied(answer.code, answer.remark)) return of(answer)
                refuse(used)
                return kept === used
                  ? of(answer)
                  : current$(call.timeoutMs).pipe(
                      switchMap(second =>
                        isSame(first, second)
                          ? of<Frame>(answer)
                          : next({ ...call, frame: signed(call.frame, second) }),
                      ),
                    )
              }),
            )
          }),
        )
}

const GETTING = 'getting the credentials'

const isSame = (a: Credentials, b: Credentials): boolean =>
  a.accessKey === b.accessKey && a.secretKey === b.secretKey && a.securityToken === b.securityToken

const unavailable = (cause: unknown): RocketError =>
  new RocketError(
    'ERR_RMQ_AUTH',
    `the credentials could not be had: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause: isRocketError(cause) ? undefined : cause, advice: 'check what the `credentials` function does' },
  )
