import { map } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { intercepted } from '../remoting/interceptors.ts'
import type { Sessions } from '../remoting/sessions.ts'
import { signing } from '../remoting/signing.ts'
import type { ClientSettings } from './config.ts'
import { namespaced, unwrapped } from './namespaced.ts'

type Around = Pick<ClientSettings, 'interceptors' | 'namespace' | 'credentials'>

/** What a config puts around all that is said to servers: the user's, then the namespace, and last the signature of it all. */
export const interceptedSessions = (
  sessions: Sessions,
  { interceptors, namespace, credentials }: Around,
  scheduler: SchedulerLike,
): Sessions => {
  const around = intercepted(sessions, [
    ...interceptors,
    ...(namespace === undefined ? [] : [namespaced(namespace)]),
    ...(credentials === undefined ? [] : [signing(credentials, scheduler)]),
  ])
  if (namespace === undefined) return around
  const bare$ = around.inbound$.pipe(map(asked => ({ ...asked, frame: unwrapped(asked.frame, namespace) })))
  return { ...around, inbound$: bare$ }
}
