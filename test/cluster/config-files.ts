import { join } from 'node:path'

export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

export interface BrokerSettings {
  readonly name: string
  readonly port: number
  readonly nameServer: string
  readonly delayLevels: string
  readonly autoCreateTopics: boolean
  readonly enablePropertyFilter: boolean
  readonly credentials: Credentials | undefined
}

export function nameServerConfig(home: string, port: number): string {
  return properties({
    listenPort: port,
    bindAddress: '127.0.0.1',
    kvConfigPath: join(home, 'kvConfig.json'),
    configStorePath: join(home, 'namesrv.properties'),
  })
}

/** One text for 4.9 and 5.x: a broker ignores the keys that it does not know. */
export function brokerConfig(home: string, settings: BrokerSettings): string {
  return properties({
    brokerClusterName: 'DefaultCluster',
    brokerName: settings.name,
    brokerId: 0,
    brokerRole: 'ASYNC_MASTER',
    flushDiskType: 'ASYNC_FLUSH',
    namesrvAddr: settings.nameServer,
    listenPort: settings.port,
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    bindAddress: '127.0.0.1',
    storePathRootDir: join(home, 'store'),
    // Small files: quick to map, to recover and to delete. The consume queue's is a multiple of 20.
    mappedFileSizeCommitLog: 16_777_216,
    mappedFileSizeConsumeQueue: 200_000,
    mappedFileSizeTimerLog: 1_048_576,
    maxHashSlotNum: 10_000,
    maxIndexNum: 40_000,
    diskMaxUsedSpaceRatio: 95,
    autoCreateTopicEnable: settings.autoCreateTopics,
    autoCreateSubscriptionGroup: true,
    enablePropertyFilter: settings.enablePropertyFilter,
    messageDelayLevel: settings.delayLevels,
    timerWheelEnable: true,
    recallMessageEnable: true,
    // The batch interval must stay below the timeout, or a decided transaction is checked again.
    transactionTimeOut: 1_000,
    transactionCheckInterval: 1_000,
    transactionOpBatchInterval: 200,
    registerNameServerPeriod: 10_000,
    flushConsumerOffsetInterval: 1_000,
    // No accidental "system busy" on a loaded machine.
    waitTimeMillsInSendQueue: 3_000,
    osPageCacheBusyTimeOutMills: 5_000,
    ...(settings.credentials === undefined ? {} : accessControl(settings.credentials)),
  })
}

const AUTHENTICATION = 'org.apache.rocketmq.auth.authentication.provider'
const AUTHORIZATION = 'org.apache.rocketmq.auth.authorization.provider'

/** ACL 1.0 for 4.9, 2.0 for 5.x; the first start makes the user a super user. */
const accessControl = ({ accessKey, secretKey }: Credentials) => ({
  aclEnable: true,
  authenticationEnabled: true,
  authenticationProvider: `${AUTHENTICATION}.DefaultAuthenticationProvider`,
  authenticationMetadataProvider: `${AUTHENTICATION}.LocalAuthenticationMetadataProvider`,
  authorizationEnabled: true,
  authorizationProvider: `${AUTHORIZATION}.DefaultAuthorizationProvider`,
  authorizationMetadataProvider: `${AUTHORIZATION}.LocalAuthorizationMetadataProvider`,
  initAuthenticationUser: JSON.stringify({ username: accessKey, password: secretKey }),
  innerClientAuthenticationCredentials: JSON.stringify({ accessKey, secretKey }),
})

/** `conf/plain_acl.yml` of 4.9; both keys need more than six characters. */
export const accountsConfig = ({ accessKey, secretKey }: Credentials): string =>
  `globalWhiteRemoteAddresses: []\naccounts:\n- accessKey: ${accessKey}\n  secretKey: ${secretKey}\n  admin: true\n`

export const LOGBACK_CONFIG = `<configuration>
  <appender name="file" class="ch.qos.logback.core.FileAppender">
    <file>\${user.home}/server.log</file>
    <encoder><pattern>%d %p %t - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="file"/></root>
</configuration>
`

/** Content of the argument file: the class path alone is too long for some command lines. */
export function javaArguments(home: string, logbackFile: string, classPath: string): string {
  return [
    '-Xms64m',
    '-Xmx384m',
    '-XX:MaxDirectMemorySize=1g',
    '-XX:+UseSerialGC',
    // Quicker up, and a server of a test does not live long enough to gain from more.
    '-XX:TieredStopAtLevel=1',
    '-XX:-UsePerfData',
    // RocketMQ 4.9 on JDK 17 cannot unmap its files without these two.
    '--add-opens=java.base/java.nio=ALL-UNNAMED',
    '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
    `-Duser.home=${home}`,
    `-Drocketmq.home.dir=${home}`,
    `-Djava.io.tmpdir=${join(home, 'tmp')}`,
    '-Dtls.server.mode=disabled',
    `-Drmq.logback.configurationFile=${logbackFile}`,
    '-cp',
    classPath,
  ]
    .map(argument => `"${argument.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"\n`)
    .join('')
}

function properties(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
