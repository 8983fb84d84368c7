// The types as an application sees them, from a CommonJS module.
import rocketmq = require('rocketmq-rxjs')
import embedded = require('rocketmq-rxjs/embedded')
import protocol = require('rocketmq-rxjs/protocol')

export const client: rocketmq.Client = rocketmq.createClient({ nameServers: '127.0.0.1:9876' })
export const cluster: Promise<embedded.EmbeddedCluster> = embedded.startEmbeddedCluster()
export const frame: protocol.Frame = protocol.requestFrame(105)
