/** The rooms of `src`: who may import whom, and who may subscribe. Held by `test/architecture.test.ts`. */

/**
 * Room ⇒ what its files may import besides the room itself: other rooms, packages, Node's modules. In brackets: types only,
 * which are gone at run time. The files at the root of src are rooms too.
 */
export const MAY_IMPORT: Readonly<Record<string, string>> = {
  // the floor: anyone may stand on it
  errors: '',
  messages: 'errors long',
  operators: 'errors rxjs',
  protocol: 'errors long node:zlib node:crypto node:buffer',
  observability: 'errors [messages] rxjs pino long',
  // bytes, then questions and answers, then one function per request
  transport: 'errors observability rxjs node:net node:tls',
  remoting: 'errors operators observability protocol transport rxjs',
  nameserver: 'errors operators observability protocol remoting rxjs long',
  broker: 'errors operators observability protocol remoting rxjs long',
  // what the features of one process share
  client: 'errors messages operators observability protocol transport remoting nameserver broker rxjs long node:os',
  // the features, which do not know each other
  producer: 'errors messages operators observability protocol [nameserver] [broker] client rxjs long',
  consumer: 'errors messages operators observability protocol [nameserver] [broker] client rxjs long',
  // sends what interceptors of the others give it
  trace: 'errors messages operators observability protocol [broker] [client] rxjs long',
  // a client, producer and consumer of its own, for other clients
  coordination: 'errors messages operators [observability] protocol client producer consumer rxjs',
  // the front door
  disposable: '[rxjs]',
  'create-client':
    'errors messages operators observability [protocol] [nameserver] client producer consumer create-traced-consumer create-traced-producer rxjs',
  'create-traced-consumer': '[client] consumer create-trace-writer trace',
  'create-traced-producer': '[client] producer create-trace-writer trace',
  'create-trace-writer': 'messages [client] producer trace rxjs',
  index:
    'errors disposable messages operators [observability] protocol remoting [nameserver] client producer consumer coordination create-client',
  // the side door: nothing of the client, so that it cannot repeat the client's mistakes
  embedded: 'errors protocol rxjs long node:net node:crypto node:fs/promises node:path',
  // a program: through the doors only, with all of Node
  cli: 'index embedded rxjs node:*',
}

/** Inside a large room: its folders from the ground up. Each may import those before it; files beside them, any. */
export const FLOORS: Readonly<Record<string, readonly string[]>> = {
  protocol: ['frames', 'compression', 'messages', 'pop', 'bodies', 'requests'],
  consumer: ['offsets', 'subscriptions', 'queues', 'allocation', 'pop', 'group', 'handling', 'pull'],
}

/** Files that may import what the others of their room may not. */
export const MAY_ALSO_IMPORT: Readonly<Record<string, string>> = {
  // a consumer that gets every message keeps in a file how far it is, as Java's client does: nobody else would
  'src/consumer/offsets/offset-disk.ts': 'node:fs/promises node:path',
  'src/consumer/offsets/file-offsets.ts': 'node:os node:path',
}

/** Where `.subscribe(` may stand, and as what. Anywhere else, ask which operator was missed. */
export const MAY_SUBSCRIBE: Readonly<Record<string, 'operator' | 'life' | 'program'>> = {
  'src/operators/batch-by.ts': 'operator',
  'src/operators/bounded-map.ts': 'operator',
  'src/operators/exhaust-map-trailing.ts': 'operator',
  'src/operators/never-sync.ts': 'operator',
  'src/operators/permits.ts': 'operator',
  'src/operators/run-each.ts': 'operator',
  'src/remoting/connection.ts': 'operator',
  'src/remoting/correlate.ts': 'operator',
  'src/remoting/sessions.ts': 'operator',
  'src/client/health.ts': 'life',
  'src/client/heartbeat.ts': 'operator',
  'src/client/process-life.ts': 'operator',
  'src/client/shared-client.ts': 'life',
  'src/client/shared-outcomes.ts': 'life',
  'src/producer/abortable.ts': 'operator',
  'src/producer/send.ts': 'operator',
  'src/producer/group-membership.ts': 'life',
  'src/producer/send-outcome.ts': 'operator',
  'src/producer/send-slots.ts': 'operator',
  'src/producer/strategies.ts': 'life',
  'src/producer/topic-boards.ts': 'life',
  'src/producer/group-announcement.ts': 'life',
  'src/producer/transactional-producer.ts': 'life',
  'src/consumer/pull/create-pull-consumer.ts': 'life',
  'src/consumer/queues/custody.ts': 'life',
  'src/consumer/pull/fetch.ts': 'life',
  'src/consumer/group/group-upkeep.ts': 'life',
  'src/consumer/handling/iterate.ts': 'life',
  'src/consumer/pop/pop-acks.ts': 'operator',
  'src/consumer/pop/pop-custody.ts': 'life',
  'src/consumer/pop/pop-queue.ts': 'life',
  'src/consumer/queues/pull-loop.ts': 'operator',
  'src/consumer/queues/queue-pages.ts': 'operator',
  'src/consumer/handling/queue-stream.ts': 'operator',
  'src/consumer/handling/run-handler.ts': 'operator',
  'src/consumer/group/session-run.ts': 'life',
  'src/trace/trace-dispatcher.ts': 'life',
  'src/coordination/outcome-sharing.ts': 'life',
  'src/create-client.ts': 'life',
  'src/cli/commands/consume.ts': 'program',
  'src/cli/commands/produce.ts': 'program',
}
